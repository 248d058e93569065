# The assistant with the packages for its stores, its HTTP server and traces; runs as a user of its own.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 10001 omnipersona \
    && mkdir /data \
    && chown omnipersona /data

WORKDIR /app
COPY . .
# Which torch: cpu, or cu128 and the like for a GPU.
ARG TORCH_BACKEND=cpu
# Which extras; gpu has the packages for shrunk weights.
ARG EXTRAS=stores,server,tracing
RUN UV_NO_CACHE=1 CONSTRAINTS=constraints-hashed.txt scripts/setup.sh
ENV PATH=/app/.venv/bin:$PATH

USER 10001
WORKDIR /data
ENV OMNIPERSONA_DATA=/data \
    OMNIPERSONA_HOST=0.0.0.0 \
    OMNIPERSONA_API_HOST=0.0.0.0 \
    OMNIPERSONA_LOGIN=password \
    XDG_CACHE_HOME=/tmp
VOLUME /data
EXPOSE 8000 8001
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["omnipersona"]
CMD ["chat", "--headless"]
