import { bytesToHex, createPublicClient, type Hex, http, type TransactionReceipt } from 'viem';

/** Sends a signed transaction to a node and waits until it is mined. */
export async function broadcast(nodeUrl: string, signed: Uint8Array): Promise<TransactionReceipt> {
  const node = createPublicClient({ transport: http(nodeUrl), pollingInterval: 100 });
  const hash: Hex = await node.sendRawTransaction({ serializedTransaction: bytesToHex(signed) });
  return node.waitForTransactionReceipt({ hash });
}
