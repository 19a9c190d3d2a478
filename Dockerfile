# The image of the server: two static programs and the certificates of public authorities, no shell.
# docs/container.md shows how to build and run it.

# A release has a folder with the same four entries in place of this stage: --build-context build=FOLDER
FROM rust:1.95.0-alpine3.23 AS build
WORKDIR /source
COPY . .
RUN cargo build --profile dist --locked --bin deploytrack-server --bin deploytrack \
 && cp target/dist/deploytrack-server target/dist/deploytrack /etc/ssl/certs/ca-certificates.crt / \
 && mkdir -p /volume/data

FROM scratch
LABEL org.opencontainers.image.title="deploytrack-server" \
      org.opencontainers.image.description="What runs where, since when, and who put it there." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

COPY --from=build /deploytrack-server /deploytrack /usr/local/bin/
COPY --from=build /ca-certificates.crt /etc/ssl/certs/
# Writable for any user of group 0, since OpenShift chooses the user. The owner and the mode apply to the folders in
# /volume; a folder that is itself the destination would get mode 0755.
COPY --from=build --chown=65532:0 --chmod=0770 /volume/ /

USER 65532:0
# TMPDIR: SQLite writes temporary files, and the image has no /tmp.
ENV PATH=/usr/local/bin \
    TMPDIR=/data \
    DEPLOYTRACK_LISTEN=0.0.0.0:3000 \
    DEPLOYTRACK_DATA_DIR=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s CMD ["deploytrack-server", "healthcheck"]
ENTRYPOINT ["deploytrack-server"]
