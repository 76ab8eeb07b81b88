"""All that knows Airflow: assets, default arguments, business dates of a run, and the local Airflow."""
