// A record's history: which journal entries tell of it. What a receipt needs of it stands first (how it came to be) or last (how
// it ended); what repeats stands between, such as a device that times out all night.

const firstKept = 8;
const newestKept = 24;

/** The history with further entries, its first 8 and its newest 24 kept. */
export function historyWith(history: readonly string[], told: readonly string[]): string[] {
  const all = [...history, ...told];
  if (all.length <= firstKept + newestKept) return all;
  return [...all.slice(0, firstKept), ...all.slice(-newestKept)];
}
