import { type Digest, digestOf, Malformed } from '../domain/index.ts';
import { type Policy, parsePolicy } from '../gate/policy.ts';
import { checkOperatorKeys } from './acts/signatures.ts';
import { checkSpellings, checkWallets } from './chain.ts';
import { checkAuthorities } from './models.ts';
import { parseYaml } from './yaml.ts';

/** A policy as people write it: its exact bytes are what is hashed, approved and kept. */
export interface PolicyDocument {
  readonly text: string;
  readonly hash: Digest;
  readonly policy: Policy;
}

/** What was read last, by hash: proposals and former policies are looked at again and again. */
const read = new Map<Digest, PolicyDocument>();
const readMost = 16;

/** Reads a policy's document, as strictly as the start of a station does. Throws `Malformed` with the member's place. */
export function readPolicyDocument(bytes: Uint8Array): PolicyDocument {
  const hash = digestOf(bytes);
  const known = read.get(hash);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed('policy', 'is not UTF-8');
  }
  const policy = parsePolicy(parseYaml(text, 'policy'));
  checkWallets(policy.wallets.values());
  checkSpellings(policy);
  checkOperatorKeys(policy);
  checkAuthorities(policy);
  const document: PolicyDocument = { text, hash, policy };
  const [oldest] = read.keys();
  if (read.size >= readMost && oldest !== undefined) read.delete(oldest);
  read.set(hash, document);
  return document;
}
