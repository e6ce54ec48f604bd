# The app for a CPU:   docker build -t endless-earth .
# With CUDA:           docker build -t endless-earth:cuda --build-arg VARIANT=cuda .
# Without a Docker:    scripts/container (see there)
ARG VARIANT=cpu

# Where torch comes from: its makers keep the build without CUDA under an index of its own; PyPI has the one with CUDA.
FROM python:3.11-slim-bookworm AS base-cpu
ENV INDEX=https://download.pytorch.org/whl/cpu EXTRAS=""

FROM python:3.11-slim-bookworm AS base-cuda
ENV INDEX="" EXTRAS="[gpu]"

# hadolint ignore=DL3006
FROM base-${VARIANT} AS build
ARG TORCH_INDEX=""
RUN python -m venv /opt/earth
# First what changes rarely, so that a change of the code does not fetch it again.
COPY requirements.txt /src/
RUN index="${TORCH_INDEX:-$INDEX}" \
    && grep -E '^torch(vision)?==' /src/requirements.txt > /src/torch.txt \
    && /opt/earth/bin/pip install --no-cache-dir ${index:+--index-url "$index"} -r /src/torch.txt \
    && /opt/earth/bin/pip install --no-cache-dir -r /src/requirements.txt
COPY pyproject.toml README.md LICENSE /src/
COPY explorer /src/explorer
COPY tiles /src/tiles
COPY endless_earth /src/endless_earth
COPY assets /src/assets
RUN /opt/earth/bin/pip install --no-cache-dir "/src$EXTRAS"

FROM python:3.11-slim-bookworm
# rasterio's GDAL reads XML with the system's expat. No version: Debian keeps only the one with the last mended fault.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home earth \
    && install -d -o earth /worlds
COPY --from=build /opt/earth /opt/earth
# Code belongs to root: the app, which runs as another user, can write to its worlds and to /tmp alone.
# The NVIDIA container toolkit gives a GPU to images that ask for it; without one these two mean nothing.
ENV PATH=/opt/earth/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    EARTH_HOST=0.0.0.0 EARTH_PORT=7860 EARTH_WORLDS=/worlds
USER 10001
VOLUME /worlds
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["endless-earth"]
CMD ["serve"]
