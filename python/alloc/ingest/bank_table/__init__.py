"""Bank statements as tables: CSV and spreadsheets by profile, as any bank file."""
