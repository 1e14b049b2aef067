/** The names of gRPC's status codes (google.rpc.Code), the part of them that a reason may carry. */
export type Code =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'DEADLINE_EXCEEDED'
  | 'UNAUTHENTICATED'
  | 'ABORTED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'DATA_LOSS';

interface Entry {
  readonly code: Code;
  /** What is so, in one English sentence. */
  readonly sentence: string;
  /** What the caller can do. */
  readonly remedy: string;
}

const denied = (sentence: string, remedy: string): Entry => ({ code: 'PERMISSION_DENIED', sentence, remedy });
const notNow = (sentence: string, remedy: string): Entry => ({ code: 'FAILED_PRECONDITION', sentence, remedy });
const malformed = (sentence: string, remedy: string): Entry => ({ code: 'INVALID_ARGUMENT', sentence, remedy });

const prepareAnew = 'Prepare again and have the new intent approved.';
const askCustomer = 'Have the customer approve this intent with an enrolled factor.';
const fixTransaction = 'Build the transaction from the approved intent and ask again.';

/**
 * Every reason for which the station refuses, holds, or fails: one catalogue, from which the gRPC code, the
 * `ErrorInfo.reason`, the metric label, the journal's field and docs/reasons.md all come.
 */
export const reasons = {
  // Requests
  malformed: malformed('A field of the request is malformed.', 'Correct the field that the error names.'),
  'not-found': { code: 'NOT_FOUND', sentence: 'There is no such resource.', remedy: 'Check the name.' },
  'role-denied': denied(
    'The client certificate has no role that may call this.',
    'Use a certificate of the right role.',
  ),
  overloaded: {
    code: 'RESOURCE_EXHAUSTED',
    sentence: 'Too much work is in flight.',
    remedy: 'Back off and ask again.',
  },
  'account-limit': {
    code: 'RESOURCE_EXHAUSTED',
    sentence: 'The account has as many open withdrawals, whitelist entries or factors as one may have.',
    remedy: 'Have some of them settled, cancelled, removed or revoked.',
  },
  'removal-limit': {
    code: 'RESOURCE_EXHAUSTED',
    sentence: 'More was removed of the account, or of all accounts together, than may be in so short a time.',
    remedy: 'Wait until the time in `not_before`; to stop payments at once, freeze the account or the station.',
  },
  'message-too-large': {
    code: 'RESOURCE_EXHAUSTED',
    sentence: 'The request, or its answer, is larger than the station takes on.',
    remedy: 'Ask for less at once.',
  },
  'deadline-exceeded': {
    code: 'DEADLINE_EXCEEDED',
    sentence: 'There was no answer in time; what was decided stands.',
    remedy: 'Ask for the state of the resource.',
  },
  stopping: { code: 'UNAVAILABLE', sentence: 'The station is stopping.', remedy: 'Call again when it is back.' },
  'withdrawal-id-reused': {
    code: 'ALREADY_EXISTS',
    sentence: 'A withdrawal of this id exists with another intent.',
    remedy: 'Use a new id for a new withdrawal.',
  },
  'entry-id-reused': {
    code: 'ALREADY_EXISTS',
    sentence: 'A whitelist entry of this id exists with another intent.',
    remedy: 'Use a new id for a new entry.',
  },
  'changed-meanwhile': {
    code: 'ABORTED',
    sentence: 'A fact that the decision relied on changed while it was made.',
    remedy: 'Ask again.',
  },

  // Intents
  'intent-expired': notNow('The intent has expired.', prepareAnew),
  'intent-from-future': denied('The intent was issued after the station’s present.', prepareAnew),
  'ticket-invalid': denied('The intent was not prepared by this station, or its ticket was voided.', prepareAnew),
  'station-mismatch': denied('The intent names another station or generation.', prepareAnew),
  'pay-by-passed': notNow(
    'The time by which the withdrawal had to be first signed has passed.',
    'Prepare a new withdrawal.',
  ),

  // Evidence
  'attestation-missing': denied('No attestation came with the request.', askCustomer),
  'attestation-insufficient': denied(
    'The attestations do not make up the evidence that policy wants.',
    'Add the factor that the error names.',
  ),
  'attestation-invalid': denied('An attestation does not verify.', askCustomer),
  'attestation-spent': denied('This evidence has been spent already.', prepareAnew),
  'code-wrong': denied(
    'The one-time code is none of the factor’s present ones.',
    'Ask the customer for the code that the app shows now.',
  ),
  'challenge-mismatch': denied('The attestation was made for something other than this intent.', askCustomer),
  'origin-mismatch': denied(
    'The attestation was made on an origin that policy does not name.',
    'Approve on the station’s approval page.',
  ),
  'rp-mismatch': denied(
    'The attestation was made for another relying party.',
    'Approve on the station’s approval page.',
  ),
  'cross-origin': denied('The attestation was made inside a frame of another origin.', 'Approve on a top-level page.'),
  'payment-mismatch': denied(
    'The customer’s browser showed another payment than the intent’s.',
    'Ask the browser with exactly what Prepare handed out.',
  ),
  'credential-mismatch': denied('The assertion names two different credentials.', askCustomer),
  'user-not-present': denied('The authenticator did not see a person.', askCustomer),
  'user-not-verified': denied('The authenticator did not verify the person.', 'Approve with PIN or biometrics.'),
  'backup-state-invalid': denied(
    'The credential’s backup flags contradict themselves or its enrolment.',
    'Enrol a new factor.',
  ),
  'counter-regressed': denied(
    'The authenticator’s counter went back: it may have been copied.',
    'Revoke the factor and enrol a new one.',
  ),
  'signature-invalid': denied('The attestation’s signature does not verify.', askCustomer),
  'voucher-missing': denied(
    'A first factor needs an admission voucher.',
    'Get a voucher from the admission authority.',
  ),
  'voucher-invalid': denied(
    'The admission voucher does not verify for this account and key.',
    'Get a new voucher for exactly this key.',
  ),
  'voucher-spent': denied('The admission voucher has been used.', 'Get a new voucher.'),
  'voucher-not-first': denied(
    'A voucher admits only the first factor that an account ever had.',
    'Attest the new factor with an existing one, or recover.',
  ),

  // Factors
  'factor-unknown': denied('The factor is not enrolled.', 'Use an enrolled factor.'),
  'factor-foreign': denied('The factor is enrolled for another account.', 'Use a factor of this account.'),
  'factor-revoked': denied('The factor has been revoked.', 'Use another factor.'),
  'factor-locked': notNow(
    'Too many wrong codes were given for the factor.',
    'Wait until the time in `not_before`, or use another factor.',
  ),
  'factor-unripe': notNow('The factor has not ripened yet.', 'Wait until the time in `not_before`.'),
  'factor-exists': {
    code: 'ALREADY_EXISTS',
    sentence: 'A factor of this id exists already.',
    remedy: 'Enrol another credential.',
  },
  'account-not-new': denied(
    'An import adds to accounts that never had a factor, and to no other.',
    'Leave the account out: its owner adds with their own factor, or recovers.',
  ),
  'import-out-of-order': notNow(
    'The chunk before this one was not imported yet.',
    'Send the chunks in the order in which the manifest names them.',
  ),
  'import-over': notNow('The time in which the act imports is over.', 'Propose what is left anew.'),
  'factor-class-refused': denied(
    'Policy does not accept factors of this class.',
    'Enrol a factor of an accepted class.',
  ),
  'authenticator-revoked': denied(
    'The authenticator is of a model that the FIDO metadata report as broken, or its attestation is no longer trusted.',
    'Enrol another authenticator, and revoke this one.',
  ),

  'account-recovering': notNow(
    'The account recovers: until its new factor is ripe, nothing else is added to it.',
    'Wait until the time in `not_before`, or have the recovery refused.',
  ),

  // Destinations
  'destination-unlisted': denied(
    'The destination is not on the account’s whitelist.',
    'Whitelist it and let it ripen.',
  ),
  'destination-unripe': notNow('The destination has not ripened yet.', 'Wait until the time in `not_before`.'),
  'destination-listed': {
    code: 'ALREADY_EXISTS',
    sentence: 'The destination is on the account’s whitelist already.',
    remedy: 'Use the existing entry.',
  },
  'destination-denied': denied(
    'Policy denies payments to this destination.',
    'Use another destination; operators can say why it is denied.',
  ),
  'destination-withdrawn': denied(
    'The destination left the whitelist after the withdrawal was authorized.',
    'Whitelist it anew and prepare a new withdrawal.',
  ),
  'address-not-canonical': malformed(
    'The address is not in its chain’s one canonical form.',
    'Send the form that the error gives.',
  ),

  // Withdrawals
  'withdrawal-unknown': denied('No withdrawal of this id is authorized.', 'Authorize it first.'),
  'withdrawal-not-payable': notNow('The withdrawal is not in a state in which it can be paid.', 'See its state.'),
  'withdrawal-not-cancellable': notNow('The withdrawal can no longer be cancelled.', 'See its state.'),
  'asset-unknown': denied('Policy does not name this asset.', 'Use an asset that policy names.'),
  'amount-above-ceiling': denied(
    'The amount is above policy’s ceiling for one payment.',
    'Withdraw less, or have the policy changed.',
  ),
  'limit-exceeded': notNow(
    'With this payment more would be paid within a window than a limit of the policy allows.',
    'Withdraw at most what the error says is left, or wait; the error gives the limit and what is used of it.',
  ),
  'withdrawal-held': notNow(
    'The withdrawal takes operators’ approval, and nothing is signed before they gave it.',
    'Authorize it by itself: it is then HELD. Sign once operators have made it AUTHORIZED, and leave it out of a batch until then.',
  ),
  'outside-hours': notNow(
    'Policy authorizes no withdrawals at this hour.',
    'Ask again within the hours that the error gives.',
  ),
  'fee-ceiling-above-policy': denied('The intent’s fee ceiling is above policy’s.', 'Prepare with a lower ceiling.'),

  // Transactions: what the bytes do, against what was approved
  'transaction-undecodable': malformed('The transaction cannot be decoded whole.', fixTransaction),
  'transaction-type-refused': malformed(
    'Transactions of this type are not signed here.',
    'Use a legacy (EIP-155), EIP-2930 or EIP-1559 transaction.',
  ),
  'transaction-signed-already': malformed(
    'The transaction carries a signature already.',
    'Send the unsigned transaction.',
  ),
  'chain-mismatch': denied('The transaction is for another chain than its wallet’s, or for none.', fixTransaction),
  'contract-creation': denied('The transaction creates a contract.', fixTransaction),
  'call-refused': denied(
    'The transaction calls a contract in a way other than a registered token’s transfer.',
    fixTransaction,
  ),
  'token-unknown': denied('The token is not in policy’s registry.', 'Have the token added to the policy.'),
  'access-list-refused': denied('The transaction has an access list beyond policy.', 'Leave the access list empty.'),
  'data-fee-unbounded': denied(
    'The chain charges fees that are not in the transaction, and policy sets no bound.',
    'Use a chain that policy names.',
  ),
  'amount-mismatch': denied('The transaction pays another amount than was approved.', fixTransaction),
  'destination-mismatch': denied('The transaction pays another destination than was approved.', fixTransaction),
  'asset-mismatch': denied('The transaction pays another asset than was approved.', fixTransaction),
  'payment-unmatched': denied(
    'A payment of the transaction matches no withdrawal, or a withdrawal no payment.',
    fixTransaction,
  ),
  'fee-above-approved': denied(
    'The transaction can cost more in fees than was approved.',
    'Lower its fee or have a higher ceiling approved.',
  ),
  'fee-above-ceiling': denied('The transaction can cost more in fees than policy allows.', 'Lower its fee.'),
  'priority-fee-above-max': denied('The priority fee is above the maximum fee.', fixTransaction),
  'batch-too-large': denied(
    'The transaction makes more payments than policy allows at once.',
    'Pay them in several transactions.',
  ),
  'checkpoint-not-cosigned': notNow(
    'Policy signs so much only while witnesses have cosigned the journal lately.',
    'Have the courier carry the newest checkpoint to the witnesses, and ask again.',
  ),
  'nonce-used': denied(
    'The nonce belongs to another payment, or is below the wallet’s first.',
    'Use the wallet’s next nonce.',
  ),
  'input-foreign': denied(
    'The transaction spends an output that is not its wallet’s, or that it does not prove to be.',
    'Give each input its derivation and previous transaction, and spend the wallet’s own outputs only.',
  ),
  'sighash-refused': denied(
    'An input asks for a signature that does not bind the whole transaction.',
    'Ask for SIGHASH_ALL, or for SIGHASH_DEFAULT where the input is taproot.',
  ),
  'output-refused': denied(
    'An output pays nothing, less than nodes relay, or to a script that is no address.',
    'Let each output be a payment or the wallet’s own change.',
  ),
  'change-beyond-gap': denied(
    'Change goes to an address of the wallet so far ahead that no scan would find it.',
    'Use the wallet’s next change address.',
  ),
  'transaction-locked': denied(
    'The transaction cannot be mined now: its lock is beyond policy’s bound.',
    'Build it with nLockTime 0 and without relative locks.',
  ),
  'outpoint-used': denied(
    'An output that the transaction spends is what another payment’s versions have in common.',
    'Spend other outputs.',
  ),
  'nonce-out-of-window': denied('The nonce is too far ahead.', 'Use the wallet’s next nonce.'),
  'anchor-taken': denied(
    'The withdrawal is bound to another anchor: paying it there could pay it twice.',
    'Replace the transaction on its own anchor.',
  ),
  'transaction-voided': denied(
    'Operators voided what the anchor was for: nothing pays it there any more.',
    'Once operators state that the void confirmed, prepare a new withdrawal.',
  ),
  'void-differs': denied(
    'A void spends the anchor of what it voids, pays zero to its own wallet, and does nothing else.',
    'Build it from the transaction that it voids.',
  ),
  'transfer-elsewhere': denied(
    'The station’s own transfers reach only its own wallets and policy’s treasury list.',
    'Add the address to policy’s treasury list, which ripens.',
  ),
  'replacement-differs': denied(
    'A replacement must make exactly the same payments on the same anchor.',
    fixTransaction,
  ),
  'replacement-underpriced': denied(
    'A replacement must pay a higher fee than what it replaces, or nodes do not take it.',
    'Raise the fee, within what the withdrawals’ owners approved, and ask again.',
  ),
  'replacement-missing': notNow(
    'The anchor has a transaction; a new one must name it in `replaces`.',
    'Name the transaction that it replaces.',
  ),
  'replacement-in-flight': notNow(
    'The transaction to be replaced is on its way to a device.',
    'Wait until it is settled.',
  ),
  'transaction-not-retryable': notNow(
    'Only a transaction that was declined on its device is retried.',
    'See its state.',
  ),
  'wallet-unknown': denied('Policy names no such wallet.', 'Use a wallet that policy names.'),
  'wallet-not-allowed': denied(
    'Policy does not allow this certificate the wallet.',
    'Use a wallet that policy allows it, or the certificate of the service that has this one.',
  ),

  // Operators’ acts
  'operators-founded': notNow(
    'The station has operators: this is done by their acts.',
    'Prepare an operators’ act and have them sign it.',
  ),
  'operators-unfounded': notNow('The station’s policy founds no operators.', 'Use the calls for stations without.'),
  'operator-unknown': denied(
    'The assertion is by no key of the station’s operators.',
    'Sign with the key that policy names for you.',
  ),
  'operator-suspended': denied('The operator is suspended.', 'Have a quorum of the others reinstate you.'),
  'already-approved': {
    code: 'ALREADY_EXISTS',
    sentence: 'The operator has signed this act already.',
    remedy: 'Have another operator sign it.',
  },
  'quorum-missing': notNow(
    'Fewer operators in good standing have signed than are needed.',
    'Have further operators sign.',
  ),
  'act-lapsed': notNow('The act was decided on a policy that is not in force.', 'Prepare it anew.'),
  'act-settled': notNow('The act has taken effect or ended already.', 'See its state; prepare a new one if need be.'),
  'act-subject-changed': notNow(
    'What the act is about is not, or no longer, as it was when the act was prepared.',
    'Look at it as it is now, and prepare anew.',
  ),
  'act-unripe': notNow('The act has not ripened yet.', 'Wait until the time in `not_before`.'),
  'act-limit': {
    code: 'RESOURCE_EXHAUSTED',
    sentence: 'The operator has opened as many acts as may wait at a time.',
    remedy: 'Have some of them signed or refused.',
  },

  // Stops
  frozen: notNow('A freeze stops this.', 'Ask the station’s operators.'),
  'clock-suspect': notNow('The station does not trust its clock.', 'An operator must acknowledge the clock.'),
  'fact-tampered': {
    code: 'DATA_LOSS',
    sentence: 'A stored fact fails its authentication code; the station has frozen itself.',
    remedy: 'Call the operators: the database was written by another hand.',
  },
  'policy-changed': notNow(
    'The policy file is not the one in force.',
    'Restore the file, or change the policy as policy says.',
  ),
  'policy-strands-transactions': notNow(
    'The policy has no longer, or has otherwise, a wallet whose transactions are not finished.',
    'Finish or void the transactions that are named first.',
  ),
  'wallet-id-taken': notNow(
    'The wallet’s id, or its key, belonged to another wallet that made transactions.',
    'Give the new wallet an id and a key that no wallet had.',
  ),
  'authority-changed': notNow(
    'The CA file does not hold exactly the authorities that policy names.',
    'Put the certificates that policy names into the file that config.tls.ca names, and no others.',
  ),

  // Devices
  'wallet-unregistered': notNow(
    'The device signs for a wallet of several keys only once a person registered the wallet there.',
    'Register it: "portcullis wallet add" does, or "wallet register" later; a transaction goes on by itself.',
  ),
  'device-missing': notNow('The wallet’s device is not connected.', 'Connect it; the transaction goes on by itself.'),
  'device-locked': notNow('The wallet’s device is locked.', 'Unlock it; the transaction goes on by itself.'),
  'device-wrong-app': notNow(
    'The wallet’s device has another app open.',
    'Open the right app; the transaction goes on by itself.',
  ),
  'device-app-outdated': notNow('The device’s app is older than the station accepts.', 'Update the app.'),
  'device-foreign': notNow('The connected device does not hold the wallet’s key.', 'Connect the wallet’s own device.'),
  'device-busy': notNow('The device is busy.', 'It is asked again by itself.'),
  'device-refused': denied(
    'A person refused it on the device.',
    'If that was a mistake: retry the transaction; ask anew for a wallet or an address.',
  ),
  'device-cannot-show': denied(
    'The device cannot show this, and takes nothing blindly.',
    'Use a payment, or a wallet, that the device can show.',
  ),
  'device-address-differs': {
    code: 'INTERNAL',
    sentence: 'The device showed another address than the wallet has there.',
    remedy: 'Pay nothing to it: either the wallet is not of this device’s keys, or the device is not to be trusted.',
  },
  'device-timeout': notNow('The device did not answer in time.', 'It is asked again by itself, with the same bytes.'),
  'device-lost': notNow(
    'The device went away while it was signing.',
    'It is asked again by itself, with the same bytes.',
  ),
  'hsm-key-unfit': notNow(
    'The HSM does not hold the wallet’s key, or not so that it could stay secret.',
    'See what the station says of it; have the key’s attributes corrected, or make a wallet of another key.',
  ),
  'hsm-pin-locked': notNow(
    'The HSM’s PIN is locked.',
    'Have its security officer set it again, and start the station anew.',
  ),
  'hsm-pin-refused': notNow(
    'The HSM refused the PIN, or would lock itself at another wrong one; it is not tried again.',
    'Correct the PIN’s file, and start the station anew.',
  ),
  'signature-wrong': {
    code: 'INTERNAL',
    sentence: 'The device answered with something other than the right signature; it was discarded.',
    remedy: 'Call the operators: the device or its connection is not to be trusted.',
  },
  'signer-failed': notNow('The signer’s process failed.', 'It is restarted by itself.'),

  // Failures of the station itself
  'wallet-unstated': notNow(
    'The station was restored from a backup, and operators have not stated what the wallet used since.',
    'Have a quorum state the wallet’s next nonce, or its spent outpoints: "portcullis restored".',
  ),
  'backup-unconfigured': notNow(
    'The station’s config names nobody who could open a backup.',
    'Name age recipients in config.backup.recipients, and restart the station.',
  ),
  'journal-behind': notNow(
    'The station’s journal is not the one that it published: an older database was put back, or it was forked.',
    'Tell the operators: the station decides nothing before the newest database is back, or this one was restored.',
  ),
  'sealing-key-missing': notNow(
    'What is needed was sealed under a key that the station’s config does not name.',
    'Name the key of the id in the message in config.keys.sealing, behind the newest, and restart the station.',
  ),
  'storage-failed': {
    code: 'UNAVAILABLE',
    sentence: 'The station could not record the decision, so nothing was decided.',
    remedy: 'Ask again; tell the operators if it persists.',
  },
  internal: {
    code: 'INTERNAL',
    sentence: 'The station failed in a way that it does not know.',
    remedy: 'Tell the operators; nothing was signed.',
  },
} as const satisfies Record<string, Entry>;

/** A tag of the catalogue. */
export type Reason = keyof typeof reasons;
