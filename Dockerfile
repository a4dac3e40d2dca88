FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY sandbox sandbox
COPY specs specs
COPY fixtures fixtures
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
COPY requirements.lock /wheels/
RUN pip install --no-cache-dir --require-hashes -r /wheels/requirements.lock
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --no-deps /wheels/*.whl \
    && pip check \
    && rm -rf /wheels \
    && useradd --system --uid 10001 --no-create-home sandbox
USER sandbox
ENV REFUND_SANDBOX_HOST=0.0.0.0 \
    REFUND_SANDBOX_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=3 \
    CMD ["python", "-m", "refund_sandbox.cli.health_check"]
ENTRYPOINT ["refund-sandbox"]
CMD ["serve"]
