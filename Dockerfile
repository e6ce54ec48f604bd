# The app for a CPU:   docker build -t endless-earth .
# With CUDA:           docker build -t endless-earth:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 .
FROM python:3.13-slim-bookworm AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/earth
# First what changes rarely, so that a change of the code does not fetch it again.
COPY requirements.txt /src/
RUN grep -E '^torch(vision)?==' /src/requirements.txt > /src/torch.txt \
    && /opt/earth/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" -r /src/torch.txt \
    && /opt/earth/bin/pip install --no-cache-dir -r /src/requirements.txt
COPY pyproject.toml README.md LICENSE /src/
COPY explorer /src/explorer
COPY tiles /src/tiles
COPY endless_earth /src/endless_earth
COPY assets /src/assets
RUN /opt/earth/bin/pip install --no-cache-dir /src

FROM python:3.13-slim-bookworm
# rasterio's GDAL reads XML with the system's expat.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home earth \
    && install -d -o earth /worlds
COPY --from=build /opt/earth /opt/earth
# Code belongs to root: the app, which runs as another user, can write to its worlds and to /tmp alone.
ENV PATH=/opt/earth/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    EARTH_HOST=0.0.0.0 EARTH_PORT=7860 EARTH_WORLDS=/worlds
USER 10001
VOLUME /worlds
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["endless-earth"]
CMD ["serve"]
