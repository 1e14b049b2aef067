/*
 * A PKCS#11 module that forwards every function to the real one ($FAULTS_MODULE), and misbehaves on cue. README.md has the
 * cues. The declarations are those of PKCS#11 2.40 that come with the package pkcs11js.
 */
#define _GNU_SOURCE
#include <pkcs11/pkcs11.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cues.h"

static CK_FUNCTION_LIST_PTR real;

/* How many sessions this process has open. */
static atomic_long sessions;

static void segfault(void) {
  volatile int *volatile nowhere = NULL;
  *nowhere = 1;
}

static CK_RV told(const char *function, CK_RV rv) {
  char outcome[32];
  snprintf(outcome, sizeof outcome, "0x%lx", rv);
  tell_call(function, outcome);
  return rv;
}

/* Closes every session that the application has with the token of this one. */
static void close_all(CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info;
  if (real->C_GetSessionInfo(session, &info) == CKR_OK) {
    real->C_CloseAllSessions(info.slotID);
    sessions = 0;
  }
}

static void close_one(CK_SESSION_HANDLE session) {
  if (real->C_CloseSession(session) == CKR_OK) sessions--;
}

/* Does what a cue says may be done at any function. Returns 1 where the call has been answered with `*rv` already. */
static int answered(const struct cue *cue, const char *function, CK_SESSION_HANDLE session, CK_RV *rv) {
  switch (cue->action) {
    case SEGV:
      tell_call(function, "segv");
      segfault();
      return 0;
    case ABORT:
      tell_call(function, "abort");
      abort();
    case EXIT:
      tell_call(function, "exit");
      _exit(0);
    case HANG:
      tell_call(function, "hang");
      for (;;) pause();
    case PRINT:
      dprintf(STDOUT_FILENO, "%.*s\n", (int)cue->length, (const char *)cue->bytes);
      return 0;
    case MUTTER:
      dprintf(STDERR_FILENO, "%.*s\n", (int)cue->length, (const char *)cue->bytes);
      return 0;
    case FORK:
      /* With the pipes of the process, and whatever else it has open. */
      if (fork() == 0) {
        tell_call(function, "forked");
        for (;;) pause();
      }
      return 0;
    case RV:
      *rv = told(function, cue->number);
      return 1;
    case CLOSE:
      close_one(session);
      return 0;
    case CLOSE_ALL:
      close_all(session);
      return 0;
    default:
      return 0;
  }
}

#define FORWARD(name, session, parameters, arguments)        \
  static CK_RV faulty_##name parameters {                    \
    struct cue cue = cue_for(#name);                         \
    CK_RV rv;                                                \
    if (answered(&cue, #name, session, &rv)) return rv;      \
    return told(#name, real->name arguments);                \
  }

#define SESSION0(name) FORWARD(name, s, (CK_SESSION_HANDLE s), (s))
#define SESSION1(name, A) FORWARD(name, s, (CK_SESSION_HANDLE s, A a), (s, a))
#define SESSION2(name, A, B) FORWARD(name, s, (CK_SESSION_HANDLE s, A a, B b), (s, a, b))
#define SESSION3(name, A, B, C) FORWARD(name, s, (CK_SESSION_HANDLE s, A a, B b, C c), (s, a, b, c))
#define SESSION4(name, A, B, C, D) FORWARD(name, s, (CK_SESSION_HANDLE s, A a, B b, C c, D d), (s, a, b, c, d))
#define SESSION5(name, A, B, C, D, E) \
  FORWARD(name, s, (CK_SESSION_HANDLE s, A a, B b, C c, D d, E e), (s, a, b, c, d, e))
#define SESSION7(name, A, B, C, D, E, F, G) \
  FORWARD(name, s, (CK_SESSION_HANDLE s, A a, B b, C c, D d, E e, F f, G g), (s, a, b, c, d, e, f, g))
#define APART1(name, A) FORWARD(name, 0, (A a), (a))
#define APART2(name, A, B) FORWARD(name, 0, (A a, B b), (a, b))
#define APART3(name, A, B, C) FORWARD(name, 0, (A a, B b, C c), (a, b, c))
#define APART4(name, A, B, C, D) FORWARD(name, 0, (A a, B b, C c, D d), (a, b, c, d))
#define OWN(name)

#include "functions.h"

static CK_RV faulty_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count) {
  struct cue cue = cue_for("C_GetSlotList");
  CK_RV rv;
  if (answered(&cue, "C_GetSlotList", 0, &rv)) return rv;
  if (cue.action == EMPTY) {
    *count = 0;
    return told("C_GetSlotList", CKR_OK);
  }
  return told("C_GetSlotList", real->C_GetSlotList(present, slots, count));
}

static CK_RV faulty_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info) {
  struct cue cue = cue_for("C_GetTokenInfo");
  CK_RV rv;
  if (answered(&cue, "C_GetTokenInfo", 0, &rv)) return rv;
  rv = real->C_GetTokenInfo(slot, info);
  if (rv == CKR_OK && cue.action == FLAGS) info->flags |= cue.number;
  return told("C_GetTokenInfo", rv);
}

static CK_RV faulty_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                                  CK_SESSION_HANDLE_PTR session) {
  struct cue cue = cue_for("C_OpenSession");
  CK_RV rv;
  if (answered(&cue, "C_OpenSession", 0, &rv)) return rv;
  if (cue.action == LIMIT && sessions >= (long)cue.number) return told("C_OpenSession", CKR_SESSION_COUNT);
  rv = real->C_OpenSession(slot, flags, application, notify, session);
  if (rv == CKR_OK) sessions++;
  return told("C_OpenSession", rv);
}

static CK_RV faulty_C_CloseSession(CK_SESSION_HANDLE session) {
  struct cue cue = cue_for("C_CloseSession");
  CK_RV rv;
  if (answered(&cue, "C_CloseSession", session, &rv)) return rv;
  rv = real->C_CloseSession(session);
  if (rv == CKR_OK) sessions--;
  return told("C_CloseSession", rv);
}

static CK_RV faulty_C_CloseAllSessions(CK_SLOT_ID slot) {
  struct cue cue = cue_for("C_CloseAllSessions");
  CK_RV rv;
  if (answered(&cue, "C_CloseAllSessions", 0, &rv)) return rv;
  rv = real->C_CloseAllSessions(slot);
  if (rv == CKR_OK) sessions = 0;
  return told("C_CloseAllSessions", rv);
}

static CK_RV faulty_C_Finalize(CK_VOID_PTR reserved) {
  struct cue cue = cue_for("C_Finalize");
  CK_RV rv;
  if (answered(&cue, "C_Finalize", 0, &rv)) return rv;
  sessions = 0;
  return told("C_Finalize", real->C_Finalize(reserved));
}

static CK_RV faulty_C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template,
                                        CK_ULONG count) {
  struct cue cue = cue_for("C_GetAttributeValue");
  CK_RV rv;
  if (answered(&cue, "C_GetAttributeValue", session, &rv)) return rv;
  rv = real->C_GetAttributeValue(session, object, template, count);
  for (CK_ULONG i = 0; cue.action == ATTRIBUTE && i < count; i++) {
    /* The value in place of the true one, where it has the same length. */
    if (template[i].type != cue.number || template[i].pValue == NULL || template[i].ulValueLen != cue.length) continue;
    memcpy(template[i].pValue, cue.bytes, cue.length);
  }
  return told("C_GetAttributeValue", rv);
}

/* The order of secp256k1's group (SEC 2 §2.4.1), and half of it. */
static const CK_BYTE order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
                                  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
static const CK_BYTE half[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                                 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

static void raise_s(CK_BYTE *s) {
  if (memcmp(s, half, sizeof half) > 0) return;
  int borrow = 0;
  for (int i = 31; i >= 0; i--) {
    int digit = order[i] - s[i] - borrow;
    borrow = digit < 0;
    s[i] = (CK_BYTE)(digit + (borrow ? 256 : 0));
  }
}

/* Signs with the private key of this CKA_ID, whichever key the operation was begun with. */
static CK_RV sign_with(const struct cue *cue, CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length,
                       CK_BYTE_PTR signature, CK_ULONG_PTR signature_length) {
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, (CK_VOID_PTR)cue->bytes, cue->length}};
  CK_OBJECT_HANDLE key;
  CK_ULONG found = 0;
  CK_RV rv = real->C_FindObjectsInit(session, template, 2);
  if (rv == CKR_OK) rv = real->C_FindObjects(session, &key, 1, &found);
  if (rv == CKR_OK) rv = real->C_FindObjectsFinal(session);
  if (rv != CKR_OK || found != 1) {
    fputs("faults: other-key: the token has no such private key\n", stderr);
    abort();
  }
  CK_MECHANISM mechanism = {CKM_ECDSA, NULL_PTR, 0};
  rv = real->C_SignInit(session, &mechanism, key);
  return rv == CKR_OK ? real->C_Sign(session, data, length, signature, signature_length) : rv;
}

static CK_RV sign(const struct cue *cue, CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length,
                  CK_BYTE_PTR signature, CK_ULONG_PTR signature_length) {
  CK_ULONG room = *signature_length;
  if (cue->action == OTHER_BYTES && length > 0) data[0] ^= 1;
  CK_RV rv = real->C_Sign(session, data, length, signature, signature_length);
  if (cue->action == OTHER_BYTES && length > 0) data[0] ^= 1;
  if (rv != CKR_OK || *signature_length != 64) return rv;
  switch (cue->action) {
    case OTHER_KEY:
      *signature_length = room;
      return sign_with(cue, session, data, length, signature, signature_length);
    case WRONG_SIGNATURE:
      signature[63] ^= 1;
      return rv;
    case HIGH_S:
      raise_s(signature + 32);
      return rv;
    case SHORT:
      *signature_length = 63;
      return rv;
    case LONG:
      if (room > 64) signature[64] = 0;
      *signature_length = 65;
      return rv;
    case EMPTY:
      *signature_length = 0;
      return rv;
    case ZERO_R:
      memset(signature, 0, 32);
      return rv;
    case ZERO_S:
      memset(signature + 32, 0, 32);
      return rv;
    case BEYOND:
      memcpy(signature, order, sizeof order);
      return rv;
    default:
      return rv;
  }
}

static CK_RV faulty_C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG length, CK_BYTE_PTR signature,
                           CK_ULONG_PTR signature_length) {
  /* Who only asks for the length isn't answered with a signature. */
  if (signature == NULL_PTR) return real->C_Sign(session, data, length, signature, signature_length);
  struct cue cue = cue_for("C_Sign");
  CK_RV rv;
  if (cue.action == RV) {
    /* Whatever comes of it, the operation is over then (Base Specification §5.11, C_Sign). */
    CK_BYTE lost[64];
    CK_ULONG room = sizeof lost;
    real->C_Sign(session, data, length, lost, &room);
  }
  if (answered(&cue, "C_Sign", session, &rv)) return rv;
  return told("C_Sign", sign(&cue, session, data, length, signature, signature_length));
}

#define faulty_C_GetFunctionList C_GetFunctionList

static CK_FUNCTION_LIST functions = {
    {2, 40},
#undef SESSION0
#undef SESSION1
#undef SESSION2
#undef SESSION3
#undef SESSION4
#undef SESSION5
#undef SESSION7
#undef APART1
#undef APART2
#undef APART3
#undef APART4
#undef OWN
#define OWN(name) faulty_##name,
#define SESSION0(name) OWN(name)
#define SESSION1(name, A) OWN(name)
#define SESSION2(name, A, B) OWN(name)
#define SESSION3(name, A, B, C) OWN(name)
#define SESSION4(name, A, B, C, D) OWN(name)
#define SESSION5(name, A, B, C, D, E) OWN(name)
#define SESSION7(name, A, B, C, D, E, F, G) OWN(name)
#define APART1(name, A) OWN(name)
#define APART2(name, A, B) OWN(name)
#define APART3(name, A, B, C) OWN(name)
#define APART4(name, A, B, C, D) OWN(name)
#include "functions.h"
};

/* A module may fall over before it is asked for anything. */
__attribute__((constructor)) static void load(void) {
  struct cue cue = cue_for("load");
  CK_RV rv;
  answered(&cue, "load", 0, &rv);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  struct cue cue = cue_for("C_GetFunctionList");
  CK_RV rv;
  if (answered(&cue, "C_GetFunctionList", 0, &rv)) return rv;
  const char *path = getenv("FAULTS_MODULE");
  void *module = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList theirs;
  /* POSIX's way from an object pointer to a function's (dlsym, Application Usage). */
  *(void **)&theirs = module == NULL ? NULL : dlsym(module, "C_GetFunctionList");
  if (theirs == NULL) {
    fprintf(stderr, "faults: no PKCS#11 module at FAULTS_MODULE (%s)\n", path == NULL ? "not set" : path);
    return CKR_GENERAL_ERROR;
  }
  rv = theirs(&real);
  *list = &functions;
  return told("C_GetFunctionList", rv);
}
