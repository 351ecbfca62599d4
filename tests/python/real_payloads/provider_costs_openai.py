"""The costs page of OpenAI's API reference."""

SAMPLES: dict[str, int | None] = {"api-samples/openai/organization_costs.json": None}
