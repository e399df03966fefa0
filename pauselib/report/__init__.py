"""What is shown: figures, tables, HTML, and the report."""
