# Skiff with everything it drives: one image for every process of the lab in docker-compose.yml.
# BASE is debian:bookworm-slim; `scripts/images --offline` makes skiff/base:12 where nothing can be pulled.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY images/base/packages /opt/skiff/images/base/packages
# A base that has them all already needs no network.
RUN command -v dockerd etcd nft ip conntrack >/dev/null || { \
      apt-get update \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(cat /opt/skiff/images/base/packages) \
      && rm -rf /var/lib/apt/lists/*; }
# Installed on the host by scripts/install, the pinned Node among it.
COPY node_modules /opt/skiff/node_modules
COPY package.json /opt/skiff/
COPY proto /opt/skiff/proto
COPY packages /opt/skiff/packages
COPY scripts /opt/skiff/scripts
RUN ln -s /opt/skiff/packages/cli/bin/skiff /usr/local/bin/skiff
ENTRYPOINT ["skiff"]
