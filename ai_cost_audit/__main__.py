"""`python -m ai_cost_audit` is `ai-cost`."""

from ai_cost_audit.cli import app

app(prog_name="ai-cost")
