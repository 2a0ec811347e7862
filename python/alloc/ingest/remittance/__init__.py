"""Remittance advices that need no profile: EDIFACT, X12, UBL, lists, e-mails, PDF."""
