import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Each file has a browser, and each test a site and a world of its own.
    maxWorkers: 2,
    expect: { poll: { timeout: 15_000 } },
  },
});
