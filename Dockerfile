# The image of every service, by `onqueue serve --services NAME`. Pages, then the binary with its dependencies compiled before
# the sources come, then what runs: the binary, the time zones and the authorities that a machine trusts, nobody as root.

FROM node:22.20.0-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci
COPY proto /src/proto
COPY buf.yaml /src/
COPY web ./
RUN npm run build

FROM rust:1.95.0-slim-bookworm AS build
ENV CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian keeps only the newest build of a package: a pinned one is gone with the next correction.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The manifests alone, with empty sources: this layer is made anew when a dependency changes, not with each line of ours.
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY deploy/image/skeleton.sh deploy/image/skeleton.sh
RUN --mount=type=bind,target=/context \
    deploy/image/skeleton.sh /context /src \
    && cargo build --locked --release --package onqueue --bin onqueue \
    && find libs services tests xtask -name '*.rs' -delete
COPY . .
COPY --from=pages /src/web/dist web/dist
# What was compiled from the empty sources must not pass for newer than the true ones.
RUN find libs services tests xtask proto -type f -exec touch {} + \
    && cargo build --locked --release --package onqueue --bin onqueue \
    && strip --strip-all -o /onqueue target/release/onqueue \
    && /onqueue --version

FROM debian:12.12-slim
LABEL org.opencontainers.image.title="Onqueue" \
      org.opencontainers.image.description="Open-source contact-centre chat" \
      org.opencontainers.image.licenses="Apache-2.0"
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/debconf/* \
    && groupadd --system --gid 10001 onqueue \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/onqueue --shell /usr/sbin/nologin onqueue \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/onqueue /certs
COPY --from=build --chmod=0755 /onqueue /usr/local/bin/onqueue
COPY --from=build /src/LICENSE /usr/share/doc/onqueue/LICENSE
# The allocator asks for no huge pages. Told this, it refuses those that some machines give unasked: with them, a process that is
# idle, and each quiet connection, holds memory twice.
ENV MIMALLOC_ALLOW_THP=0
USER 10001:10001
WORKDIR /var/lib/onqueue
EXPOSE 8080 7001 7002 7003 7004 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 CMD ["onqueue", "healthcheck"]
ENTRYPOINT ["onqueue"]
CMD ["serve"]
