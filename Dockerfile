# The image of one function: `docker build --build-arg FUNCTION=http .`
#
# `make images` builds all of them. The first compiles every function, and the others find them in the cache. A function
# with a file packages.txt gets these packages of Debian (`--target with-packages`). All others have no shell and no
# packages. A function that is linked with DuckDB has the library next to its program. No image runs as root.

FROM rust:1.95.0-bookworm AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends cmake npm \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The versions are those of the lock file. The target folder is a cache, so the programs are copied out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
  --mount=type=cache,target=/source/target \
  --mount=type=cache,target=/source/.deps \
  set -eu; \
  tests/tools/fetch-duckdb.sh; \
  packages=""; \
  for folder in functions/*/; do packages="$packages --package segue-fn-$(basename "$folder")"; done; \
  # One word for each package.
  # shellcheck disable=SC2086
  cargo build --profile image --locked --no-default-features --features gcp $packages; \
  for folder in functions/*/; do \
    name=$(basename "$folder"); \
    mkdir -p "/programs/$name"; \
    cp "target/image/segue-fn-$name" "/programs/$name/function"; \
    # The program searches for the library in its own folder.
    if readelf --dynamic "/programs/$name/function" | grep -q libduckdb; then \
      cp .deps/duckdb/libduckdb.so "/programs/$name/"; \
    fi; \
  done

FROM debian:bookworm-slim AS with-packages
ARG FUNCTION
COPY functions/${FUNCTION}/packages.txt /packages.txt
RUN apt-get update \
  && grep -v '^#' /packages.txt | xargs apt-get install --yes --no-install-recommends \
  && rm -rf /var/lib/apt/lists/* /packages.txt \
  # ssh refuses to run for a user without a name.
  && useradd --uid 65532 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin segue
COPY --from=build /programs/${FUNCTION}/ /
ENV HOME=/tmp
USER 65532:65532
ENTRYPOINT ["/function"]

# The last stage is what is built without a target.
FROM gcr.io/distroless/cc-debian12:nonroot AS plain
ARG FUNCTION
COPY --from=build /programs/${FUNCTION}/ /
USER 65532:65532
ENTRYPOINT ["/function"]
