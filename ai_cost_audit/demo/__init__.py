"""The demo company: a simulator of its landing zone, and the answer key of the defects planted in it."""

from ai_cost_audit.demo.defects import ALL_DEFECTS
from ai_cost_audit.demo.simulate import DemoReport, simulate

__all__ = ["ALL_DEFECTS", "DemoReport", "simulate"]
