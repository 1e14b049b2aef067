import { countMost } from '../custody/sealed.ts';

/** What people are told of a sealing key that seals nothing any more, or that the config lacks. */
export function sealedLine(key: string, missing: boolean, sealed: number): string {
  const many = sealed >= countMost ? `${countMost} or more` : String(sealed);
  if (missing) return `KEY MISSING: ${many} sealed under ${key}, which config.keys.sealing does not name`;
  if (sealed > 0) return `former key ${key}: ${many} left to seal anew`;
  return `former key ${key}: nothing is left under it, it may go from config.keys.sealing; keep it with the backups made before`;
}
