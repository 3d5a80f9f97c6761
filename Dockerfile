# The command `doorman`, for any of its jobs: `docker run doorman apply`. It runs as nobody, needs nothing writable, and
# finds its configuration at /etc/doorman/doorman.yaml.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --ignore-scripts
RUN npm run build
# What runs: neither sources nor tools, and of the packages those that the lockfile has for the command.
RUN rm -rf node_modules packages/*/node_modules packages/*/src packages/*/test
RUN npm ci --ignore-scripts --omit=dev --omit=optional --workspace=@doorman/cli

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /build/node_modules /app/node_modules
COPY --from=build /build/packages /app/packages
WORKDIR /etc/doorman
USER 65532:65532
ENTRYPOINT ["node", "/app/packages/cli/bin/doorman.js"]
