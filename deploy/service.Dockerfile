# One image a service:  docker build -f deploy/service.Dockerfile --build-arg SERVICE=ordering -t linli/ordering .
# It holds that service, shared/ and the mains, nothing else. The target `tools` holds the whole project, for
# what a deployment does once: migrations and the declaration of exchanges and queues.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS packages
# REQUIREMENTS=requirements-kernel for dispatch: its planners run the compiled engine then.
ARG REQUIREMENTS=requirements
COPY ${REQUIREMENTS}.lock /
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /${REQUIREMENTS}.lock

FROM python:${PYTHON}-slim AS runtime
RUN useradd --create-home --uid 10001 linli && mkdir /keys && chown linli /keys
COPY --from=packages /venv /venv
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 LINLI_OPS_ADDRESS=0.0.0.0:9100
# Memory for hashing passwords goes back at once, instead of staying with each thread that has hashed one.
ENV MALLOC_MMAP_THRESHOLD_=1048576
COPY linli/__init__.py linli/failures.py linli/
COPY linli/processes linli/processes
COPY shared shared
COPY services/__init__.py services/
USER linli
EXPOSE 9100

FROM runtime AS tools
ENV PYTHONPATH=/app:/app/clients/python
COPY linli linli
COPY services services
COPY clients clients
ENTRYPOINT ["python", "-m", "linli"]

FROM runtime AS service
ARG SERVICE
ENV SERVICE=${SERVICE}
COPY services/${SERVICE} services/${SERVICE}
RUN if [ -d services/dispatch/engine ] && python -c 'import numba' 2> /dev/null; then \
      python -m services.dispatch.engine.machine; fi
# Without a command it runs the service; `python -m linli.processes.relay ordering` runs its relay, and so on.
CMD ["sh", "-c", "exec python -m linli.processes.service $SERVICE"]
