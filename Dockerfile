# gan-lab in a container, with libtorch for CPUs:
#
#   docker build -t gan-lab .
#   docker run --rm -v "$PWD:/work" gan-lab quickstart
#   docker run --rm -v "$PWD:/work" gan-lab sefa --seed 0 --n 5 --k 5
FROM rust:1.95-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /gan-lab
COPY . .
RUN ./scripts/setup-libtorch.sh && cargo build --release --locked

FROM debian:bookworm-slim
COPY --from=build /gan-lab/.libtorch/lib /opt/libtorch/lib
COPY --from=build /gan-lab/.libtorch/build-version /opt/libtorch/
COPY --from=build /gan-lab/target/release/gan-lab /usr/local/bin/gan-lab
ENV GAN_LAB_LIBTORCH_DIR=/opt/libtorch
RUN useradd --create-home --uid 1000 lab
USER 1000
WORKDIR /work
ENTRYPOINT ["gan-lab"]
CMD ["--help"]
