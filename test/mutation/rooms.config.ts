import { defineConfig } from 'vitest/config';

// The tests that a mutant of these two rooms has to get past: their own.
export default defineConfig({
  test: {
    include: ['test/attestation/**/*.test.ts', 'test/gate/**/*.test.ts'],
    setupFiles: ['test/seeded.ts'],
    testTimeout: 30_000,
  },
});
