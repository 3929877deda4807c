# The image holds one static program and certificates; it runs as a user without
# a name or rights, and all that it keeps is in /data.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t tocsin .
#   docker run --stop-timeout 60 -p 9099:9099 -v tocsin:/data tocsin
#
# At the end the daemon waits up to 10 s for requests under way, then writes what the next
# start reads: some seconds with millions of series. Docker's own 10 s may be too few, and
# then the next start takes longer; nothing is lost.

FROM node:20-bookworm-slim AS ui
WORKDIR /src/web/ui
COPY web/ui/package.json web/ui/package-lock.json web/ui/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ui/ ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=ui /src/web/ui/dist web/ui/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath \
      -ldflags "-s -w -X github.com/tocsinhq/tocsin/cmd/tocsin/cli.Version=${VERSION}" \
      -o /out/tocsin ./cmd/tocsin \
 && mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/tocsin /usr/local/bin/tocsin
# Owned by the user of the image, so that a fresh volume is writable for it.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME /data
EXPOSE 9099
ENV TOCSIN_STORAGE_PATH=/data \
    TOCSIN_WEB_LISTEN_ADDRESS=0.0.0.0:9099
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/tocsin"]
CMD ["serve"]
