"""What is written from the catalogue: pages to read, and files that dbt reads."""
