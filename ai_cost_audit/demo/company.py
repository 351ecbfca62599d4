"""The demo company: teams, routes with the shape of their traffic, and GPU pools.

Sizes are tokens. A route's model is not written here: it is the provider's current default of a tier, from
the reference seed `model_tiers`; a self-hosted model is named, for it has no tier.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


def digest(text: str) -> str:
    """A stable hexadecimal hash of a public label; no secret goes in."""
    return hashlib.sha256(f"ai-cost-demo/{text}".encode()).hexdigest()


@dataclass(frozen=True)
class Team:
    """A team, its time zone, and its traffic in a month over its traffic in the month before."""

    team_id: str
    timezone: str
    monthly_growth: float

    @property
    def openai_project(self) -> str:
        """Its project at OpenAI."""
        return f"proj_{self.team_id}"

    @property
    def anthropic_workspace(self) -> str:
        """Its workspace at Anthropic."""
        return f"wrkspc_{self.team_id}"

    @property
    def google_project(self) -> str:
        """Its project at Google."""
        return f"gcp-{self.team_id.replace('_', '-')}"

    @property
    def aws_account(self) -> str:
        """Its AWS sub-account: twelve digits."""
        return str(100_000_000_000 + int(digest("aws/" + self.team_id)[:9], 16) % 899_999_999_999)

    def project_at(self, provider: str) -> str:
        """What a provider's export calls this team."""
        projects = {
            "openai": self.openai_project,
            "anthropic": self.anthropic_workspace,
            "google": self.google_project,
            "bedrock": self.aws_account,
        }
        return projects[provider]


@dataclass(frozen=True)
class Route:
    """One (feature, workflow): who owns it, what serves it, how much it is used and how long its prompts are.

    `weight` is its share of all requests (relative). `system` tokens are the constant prefix; `cache_hit` is
    the share of requests that find it in the provider's cache (0 = the prompt is not cached). The other sizes
    are medians of lognormal distributions. A session route makes several calls a session, each resending what
    came before, and `context` is then what one step adds.
    """

    feature: str
    workflow: str
    team_id: str
    gateway: str
    provider: str
    tier: str
    task_class: str
    weight: float
    system: int
    context: int
    user: int
    output: int
    cache_hit: float = 0.0
    cache_lifetime: str = "5m"
    reasoning_share: float = 0.0
    rhythm: str = "office"
    is_session: bool = False
    has_tenants: bool = False
    users: int = 60
    self_hosted_model: str = ""
    pool_id: str = ""
    is_streaming: bool = False
    version: str = "v3"

    @property
    def route_id(self) -> str:
        """`feature/workflow`, as in the seed."""
        return f"{self.feature}/{self.workflow}"

    @property
    def api_key_hash(self) -> str:
        """The hash of the gateway key this route calls with."""
        return digest("key/" + self.route_id)


TEAMS = (
    Team("search", "America/New_York", 1.10),
    Team("support", "Europe/Berlin", 1.08),
    Team("analytics", "America/Chicago", 1.06),
    Team("platform", "Europe/London", 1.11),
    Team("growth", "America/Los_Angeles", 1.10),
    Team("devtools", "Europe/Berlin", 1.09),
    Team("finance_ops", "Europe/London", 0.91),
    Team("research", "America/New_York", 1.07),
)

# fmt: off
ROUTES = (
    # search
    Route("search_answers", "answer_with_sources", "search",
          "generic", "google", "frontier", "grounded_answer", 34,
          system=44_000, context=20_000, user=60, output=1_400, cache_hit=0.94, rhythm="customer",
          has_tenants=True, users=400, is_streaming=True),
    Route("search_answers", "rewrite_query", "search",
          "generic", "google", "mini", "classification", 14,
          system=620, context=0, user=40, output=24, rhythm="customer", has_tenants=True, users=400),
    Route("semantic_index", "embed_documents", "search",
          "generic", "self_hosted", "", "embedding", 9,
          system=0, context=1_100, user=0, output=0, rhythm="steady", users=3, self_hosted_model="bge-m3",
          pool_id="embed-l4"),
    # support
    Route("support_copilot", "draft_reply", "support",
          "litellm", "anthropic", "mid", "rag_answer", 26,
          system=22_000, context=9_200, user=900, output=1_900, cache_hit=0.95, users=90),
    Route("support_copilot", "summarise_thread", "support",
          "litellm", "openai", "mini", "summarisation", 8,
          system=700, context=3_800, user=0, output=210, users=90),
    Route("support_chat", "customer_chat", "support",
          "generic", "anthropic", "frontier", "chat", 18,
          system=56_000, context=16_000, user=120, output=1_400, cache_hit=0.95, cache_lifetime="1h",
          rhythm="customer", has_tenants=True, users=500, is_streaming=True),
    Route("ticket_triage", "classify_ticket", "support",
          "litellm", "openai", "mini", "classification", 26,
          system=11_200, context=5_600, user=180, output=14, cache_hit=0.94, rhythm="customer", users=4),
    # analytics
    Route("sql_assistant", "write_sql", "analytics",
          "litellm", "openai", "frontier", "code_generation", 11,
          system=26_000, context=9_000, user=90, output=3_000, cache_hit=0.92, reasoning_share=0.7,
          users=120),
    Route("report_narratives", "summarise_dashboard", "analytics",
          "generic", "anthropic", "mini", "summarisation", 6,
          system=800, context=5_500, user=0, output=320, rhythm="steady", users=6),
    Route("text_to_insight", "analyst_agent", "analytics",
          "generic", "anthropic", "mid", "data_agent", 20,
          system=16_000, context=10_500, user=120, output=1_700, cache_hit=0.93, reasoning_share=0.3,
          is_session=True, users=110),
    # platform
    Route("internal_assistant", "answer_employee", "platform",
          "litellm", "openai", "mid", "chat", 14,
          system=18_000, context=4_500, user=160, output=650, cache_hit=0.93, reasoning_share=0.2,
          users=300, is_streaming=True),
    Route("content_safety", "screen_message", "platform",
          "generic", "self_hosted", "", "classification", 11,
          system=420, context=260, user=0, output=6, rhythm="customer", has_tenants=True, users=400,
          self_hosted_model="qwen3-32b", pool_id="chat-h100"),
    Route("translation", "translate_content", "platform",
          "generic", "self_hosted", "", "translation", 8,
          system=300, context=900, user=0, output=850, rhythm="customer", has_tenants=True, users=300,
          self_hosted_model="qwen3-32b", pool_id="chat-h100"),
    # growth
    Route("onboarding_guide", "guided_chat", "growth",
          "generic", "anthropic", "mid", "chat", 30,
          system=28_000, context=4_200, user=140, output=480, cache_hit=0.95, rhythm="customer",
          has_tenants=True, users=600, is_streaming=True, version="v12"),
    Route("campaign_copy", "write_variants", "growth",
          "litellm", "openai", "mid", "copywriting", 5,
          system=900, context=3_200, user=200, output=1_400, reasoning_share=0.3, users=40),
    Route("lead_scoring", "classify_lead", "growth",
          "generic", "bedrock", "mini", "classification", 7,
          system=800, context=1_400, user=0, output=12, rhythm="steady", users=3),
    # devtools
    Route("coding_agent", "implement_ticket", "devtools",
          "litellm", "anthropic", "frontier", "coding_agent", 66,
          system=26_000, context=13_500, user=90, output=3_400, cache_hit=0.93, reasoning_share=0.6,
          is_session=True, users=160, version="v7"),
    Route("code_review", "review_pull_request", "devtools",
          "litellm", "anthropic", "mid", "code_review", 16,
          system=48_000, context=19_000, user=0, output=2_400, cache_hit=0.93, reasoning_share=0.4,
          users=160),
    Route("ci_doctor", "explain_failure", "devtools",
          "litellm", "openai", "mini", "summarisation", 8,
          system=600, context=8_000, user=0, output=260, users=5),
    # finance_ops
    Route("invoice_capture", "extract_fields", "finance_ops",
          "litellm", "google", "mini", "extraction", 8,
          system=900, context=2_600, user=0, output=240, users=25),
    Route("expense_audit", "classify_expense", "finance_ops",
          "generic", "bedrock", "mini", "classification", 6,
          system=700, context=480, user=0, output=10, users=25),
    Route("contract_review", "review_clauses", "finance_ops",
          "litellm", "openai", "frontier", "legal_review", 14,
          system=9_000, context=88_000, user=200, output=4_200, cache_hit=0.9, reasoning_share=0.6, users=20),
    # research
    Route("deep_research", "research_agent", "research",
          "litellm", "openai", "frontier", "deep_research", 40,
          system=18_000, context=13_500, user=110, output=3_900, cache_hit=0.92, reasoning_share=0.6,
          is_session=True, users=45),
    Route("literature_qa", "answer_question", "research",
          "generic", "google", "frontier", "scientific_qa", 16,
          system=9_000, context=74_000, user=70, output=1_900, cache_hit=0.93, reasoning_share=0.4, users=45),
    Route("paper_digest", "analyse_paper", "research",
          "generic", "bedrock", "mid", "document_analysis", 10,
          system=900, context=44_000, user=0, output=1_100, rhythm="steady", users=10),
)
# fmt: on

ROUTE_INDEX = {route.route_id: number for number, route in enumerate(ROUTES)}
TEAM_BY_ID = {team.team_id: team for team in TEAMS}


@dataclass(frozen=True)
class Pool:
    """A GPU pool: how many GPUs, how busy, and whether the cloud bill lists its machines.

    `busy` and `quiet` are utilization shares at the peak and in the quietest hour; `tokens_per_busy_hour` is
    what one fully used GPU serves in an hour.
    """

    pool_id: str
    team_id: str
    gpu_count: int
    busy: float
    quiet: float
    rhythm: str
    tokens_per_busy_hour: int
    instance_type: str = ""


POOLS = (
    Pool("chat-h100", "platform", 4, 0.78, 0.42, "customer", 9_000_000),
    Pool("embed-l4", "search", 4, 0.74, 0.40, "steady", 24_000_000, "g6.xlarge"),
    Pool("batch-a100", "research", 8, 0.86, 0.74, "steady", 5_000_000),
    Pool("dev-a10g", "devtools", 2, 0.62, 0.30, "office", 1_500_000, "g5.xlarge"),
)
TRAINING_POOL_ID = "train-a100"
