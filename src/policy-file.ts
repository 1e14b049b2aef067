import { closeSync, copyFileSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPolicyText } from './config.ts';
import { policyHash } from './custody/founding.ts';
import { type PolicyDocument, readPolicyDocument } from './custody/policy-document.ts';
import { Refusal } from './domain/index.ts';

type PolicyLog = (event: string, details: Readonly<Record<string, string>>) => void;

/** Where a station keeps the policies that were in force, by hash. */
interface KeptPolicies {
  policy(hash: string): string | undefined;
}

/**
 * S11: policy changes by quorum, not by an editor. The file must be the policy in force, byte for byte, or one that was in force
 * before: then the station changed its policy and could not write the file, and does so now. Anything else stops the start.
 */
export function policyInForce(file: string, inForce: string, kept: KeptPolicies, log: PolicyLog): PolicyDocument {
  const text = loadPolicyText(file);
  const hash = policyHash(text);
  if (hash === inForce) return read(text);
  const document = kept.policy(inForce);
  if (kept.policy(hash) === undefined || document === undefined || policyHash(document) !== inForce) {
    throw new Refusal(
      'policy-changed',
      `${file} has SHA-256 ${hash}, the policy in force has ${inForce}: restore the file as it was`,
    );
  }
  writePolicyFile(file, document, log);
  return read(document);
}

/** Writes the policy in force for people to read. What was there is kept beside it, under the beginning of its hash. */
export function writePolicyFile(file: string, document: string, log: PolicyLog): void {
  try {
    const before = readFileSync(file, 'utf8');
    if (before === document) return;
    const kept = join(dirname(file), `policy.${policyHash(before).slice(0, 8)}.yaml`);
    copyFileSync(file, kept);
    replace(file, document, statSync(file).mode & 0o777);
    log('policy-file-written', { file, policy: policyHash(document), kept });
  } catch (error) {
    // The database has it: the next start writes it.
    log('policy-file-not-written', { file, error: String(error) });
  }
}

/** Whole or not at all: a start finds either the old text or the new one. */
function replace(file: string, text: string, mode: number): void {
  const beside = `${file}.new`;
  const descriptor = openSync(beside, 'w', mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(beside, file);
}

const read = (text: string): PolicyDocument => readPolicyDocument(new TextEncoder().encode(text));
