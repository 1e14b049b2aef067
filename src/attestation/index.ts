// The room's public face: bytes → verified evidence or a reason.
export { fromBase64url, toBase64url } from './base64url.ts';
export { checkEnrolmentChallenge, enrolmentLifetime, makeEnrolmentChallenge } from './challenge.ts';
export type { PinnedKey, PublicJwk } from './jws.ts';
export { type Metadata, metadataMost, namedBy, openMetadata } from './metadata/blob.ts';
export { certifiedAs } from './metadata/status.ts';
export {
  type AttesterKey,
  type ExpectedMfaToken,
  mfaTokenLifetime,
  mfaTokenType,
  verifyMfaToken,
} from './mfa-token.ts';
export { otpauthUri } from './otpauth.ts';
export { checkTicket, makeTicket } from './ticket.ts';
export {
  type CodeCheck,
  checkCode,
  codeDigits,
  codePeriod,
  codeSecretBytes,
  codeStep,
  codeWindow,
} from './totp.ts';
export {
  type ExpectedVoucher,
  type VoucherVerification,
  verifyVoucher,
  voucherLifetime,
  voucherType,
} from './voucher.ts';
export { type ExpectedAssertion, verifyAssertion } from './webauthn/assertion.ts';
export { parseAssertionResponse } from './webauthn/assertion-response.ts';
export type { TrustedAuthority, TrustedMetadata, TrustedModels } from './webauthn/authenticator-model.ts';
export { paymentRequest } from './webauthn/payment-request.ts';
export {
  creationOptions,
  type Enrolment,
  type ExpectedRegistration,
  type RegistrationVerification,
  userHandle,
  verifyRegistration,
} from './webauthn/registration.ts';
export { authorityKey, parseCertificate } from './x509/certificate.ts';
