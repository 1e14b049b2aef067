import { sha256, toHex } from '../domain/index.ts';
import { OperatorServiceClient } from '../generated/portcullis/v1/operator.ts';
import type { GetPolicyResponse } from '../generated/portcullis/v1/policy.ts';
import { callStation } from './client.ts';
import { type Arguments, CommandFailed } from './command.ts';

/** The document of the policy that a running station has in force. Throws as `callStation` does. */
export async function policyInForce(given: Arguments): Promise<Uint8Array> {
  const told = await callStation<OperatorServiceClient, GetPolicyResponse>(
    given,
    OperatorServiceClient,
    (client, metadata, options, answer) => client.getPolicy({ policyHash: '' }, metadata, options, answer),
  );
  if (toHex(sha256(told.document)) !== told.policyHash)
    throw new CommandFailed('the station told a policy that does not have the hash that it named');
  return told.document;
}
