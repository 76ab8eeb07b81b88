# One image for every component: api-server, scheduler, dag-processor, triggerer, and the command line.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    UV_LINK_MODE=copy \
    GX_ANALYTICS_ENABLED=false \
    AIRFLOW_HOME=/var/lib/creditgate/airflow \
    CREDITGATE_HOME=/var/lib/creditgate \
    CREDITGATE_PROJECT_ROOT=/opt/creditgate \
    PATH=/opt/creditgate/.venv/bin:$PATH

WORKDIR /opt/creditgate

RUN python -m pip install --no-cache-dir "uv==0.13.9" \
    && useradd --system --uid 10001 --home-dir /var/lib/creditgate --create-home creditgate

# The dependencies change less often than the code: a layer of their own.
COPY pyproject.toml uv.lock README.md ./
RUN uv sync --frozen --no-dev --no-install-project

COPY include ./include
COPY expectations ./expectations
COPY dbt_project ./dbt_project
COPY dags ./dags
RUN uv sync --frozen --no-dev

USER creditgate
VOLUME ["/var/lib/creditgate"]
ENTRYPOINT ["/opt/creditgate/.venv/bin/airflow"]
CMD ["version"]
