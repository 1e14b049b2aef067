import { defineConfig } from 'vitest/config';

// A machine without KVM on a busy host is some thirty times slower: nothing here waits this long, and nothing is timed.
export default defineConfig({
  test: {
    include: ['test/hid/**/*.scenario.ts'],
    testTimeout: 400_000,
    hookTimeout: 600_000,
    globalSetup: ['test/hid/setup.ts'],
    maxWorkers: 2,
    env: { PORTCULLIS_CALL_SECONDS: '240' },
  },
});
