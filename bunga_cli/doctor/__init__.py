"""Looks whether a site is well, and says what to do where it is not."""

from bunga_cli.doctor.case import Case, Machine
from bunga_cli.doctor.examination import examine
from bunga_cli.doctor.findings import Finding, State

__all__ = ["Case", "Finding", "Machine", "State", "examine"]
