# Longshore in an empty image: one static program, its configuration files, certificate authorities, no shell.
#   docker build -t longshore:dev .
# `make image` makes the same image where there is no Docker.

FROM node:22-bookworm-slim AS page
WORKDIR /source/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
COPY --from=page /source/web/dist web/dist
RUN make image-programs && target/release/longshore-image --program target/release/longshore --files /image \
      --add deploy/configs/loki-config.yaml=/etc/longshore/loki-config.yaml \
      --add deploy/configs/otel-collector-config.yaml=/etc/longshore/otel-collector-config.yaml \
      --add deploy/configs/otel-collector-docker.yaml=/etc/longshore/otel-collector-docker.yaml

FROM scratch
COPY --from=build /image/ /
# Folders that volumes are mounted over; a new volume belongs to whom the folder belongs.
COPY --from=build --chown=10001:10001 /image/data /data
COPY --from=build --chown=10001:10001 /image/loki /loki
COPY --from=build --chown=10001:10001 /image/var/lib/otelcol /var/lib/otelcol
USER 10001:10001
WORKDIR /
ENTRYPOINT ["/bin/longshore"]
CMD ["up", "--listen", "0.0.0.0:3100"]
