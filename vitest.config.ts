import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seeded.ts'],
    // A device, a process start and a TLS handshake on a loaded two-core machine need room; no test waits this long.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
