/*
 * What a PKCS#11 module gives a C program: signatures a second with CKM_ECDSA over 32 bytes by one key, in so many threads with a
 * session each. The bench holds the station against it (performance.md): the same module, token and key.
 *
 *   cc -O2 -Wall -Wextra -Werror -pthread -isystem node_modules/pkcs11js/includes -o softhsm-loop bench/softhsm-loop.c -ldl
 *   softhsm-loop MODULE TOKEN-LABEL KEY-ID-HEX SECONDS THREADS <pin
 *
 * The PIN is the first line of stdin. Prints {"threads":…,"seconds":…,"signatures":…,"rate":…}, or ends with 1 and a reason.
 */
#define _GNU_SOURCE
#include <pkcs11/pkcs11.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { most_threads = 64, most_slots = 64 };

static CK_FUNCTION_LIST_PTR module;
static CK_SLOT_ID slot;
static CK_BYTE key_id[32];
static CK_ULONG key_id_length;
static atomic_int stop;
static pthread_barrier_t begin;

static void fail(const char *what, CK_RV rv) {
  fprintf(stderr, "softhsm-loop: %s: 0x%lx\n", what, rv);
  /* Other threads are in the module still: nothing of it is torn down. */
  _exit(1);
}

#define CHECK(what, call)                    \
  do {                                       \
    CK_RV result = (call);                   \
    if (result != CKR_OK) fail(what, result); \
  } while (0)

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Labels are padded with spaces to 32 characters. */
static CK_SLOT_ID slot_of(const char *label) {
  CK_SLOT_ID slots[most_slots];
  CK_ULONG count = most_slots;
  CHECK("C_GetSlotList", module->C_GetSlotList(CK_TRUE, slots, &count));
  for (CK_ULONG i = 0; i < count; i++) {
    CK_TOKEN_INFO token;
    CHECK("C_GetTokenInfo", module->C_GetTokenInfo(slots[i], &token));
    size_t length = sizeof token.label;
    while (length > 0 && token.label[length - 1] == ' ') length--;
    if (length == strlen(label) && memcmp(token.label, label, length) == 0) return slots[i];
  }
  fail("no token has this label", CKR_TOKEN_NOT_PRESENT);
  return 0;
}

static CK_SESSION_HANDLE opened(void) {
  CK_SESSION_HANDLE session;
  CHECK("C_OpenSession", module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL_PTR, NULL_PTR, &session));
  return session;
}

static CK_OBJECT_HANDLE key_in(CK_SESSION_HANDLE session) {
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, key_id, key_id_length}};
  CK_OBJECT_HANDLE key;
  CK_ULONG found = 0;
  CHECK("C_FindObjectsInit", module->C_FindObjectsInit(session, template, 2));
  CHECK("C_FindObjects", module->C_FindObjects(session, &key, 1, &found));
  CHECK("C_FindObjectsFinal", module->C_FindObjectsFinal(session));
  if (found != 1) fail("the token has no private key with this CKA_ID", CKR_KEY_HANDLE_INVALID);
  return key;
}

static void *sign(void *count) {
  CK_SESSION_HANDLE session = opened();
  CK_OBJECT_HANDLE key = key_in(session);
  CK_MECHANISM mechanism = {CKM_ECDSA, NULL_PTR, 0};
  CK_BYTE digest[32] = {0};
  long signatures = 0;
  pthread_barrier_wait(&begin);
  while (!stop) {
    CK_BYTE signature[64];
    CK_ULONG length = sizeof signature;
    memcpy(digest, &signatures, sizeof signatures);
    CHECK("C_SignInit", module->C_SignInit(session, &mechanism, key));
    CHECK("C_Sign", module->C_Sign(session, digest, sizeof digest, signature, &length));
    signatures++;
  }
  *(long *)count = signatures;
  return NULL;
}

int main(int count, char **words) {
  if (count != 6) {
    fputs("usage: softhsm-loop MODULE TOKEN-LABEL KEY-ID-HEX SECONDS THREADS <pin\n", stderr);
    return 2;
  }
  double seconds = atof(words[4]);
  int threads = atoi(words[5]);
  if (seconds <= 0 || threads < 1 || threads > most_threads) fail("SECONDS or THREADS", CKR_ARGUMENTS_BAD);
  for (const char *hex = words[3]; *hex != '\0'; hex += 2) {
    unsigned int byte;
    if (key_id_length == sizeof key_id || hex[1] == '\0' || sscanf(hex, "%2x", &byte) != 1) {
      fail("KEY-ID-HEX", CKR_ARGUMENTS_BAD);
    }
    key_id[key_id_length++] = (CK_BYTE)byte;
  }
  char pin[256] = "";
  if (fgets(pin, sizeof pin, stdin) == NULL) fail("no PIN on stdin", CKR_PIN_INVALID);
  pin[strcspn(pin, "\n")] = '\0';

  void *library = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList list;
  *(void **)&list = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
  if (list == NULL) fail("MODULE could not be loaded", CKR_GENERAL_ERROR);
  CHECK("C_GetFunctionList", list(&module));
  CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
  CHECK("C_Initialize", module->C_Initialize(&arguments));
  slot = slot_of(words[2]);
  /* The login counts for every session of the token's while this one is open. */
  CK_SESSION_HANDLE session = opened();
  CHECK("C_Login", module->C_Login(session, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen(pin)));

  pthread_t thread[most_threads];
  long made[most_threads];
  pthread_barrier_init(&begin, NULL, (unsigned)threads + 1);
  for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, sign, &made[i]);
  pthread_barrier_wait(&begin);
  double start = now();
  struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&wait, NULL);
  stop = 1;
  long signatures = 0;
  for (int i = 0; i < threads; i++) {
    pthread_join(thread[i], NULL);
    signatures += made[i];
  }
  double took = now() - start;
  printf("{\"threads\":%d,\"seconds\":%.3f,\"signatures\":%ld,\"rate\":%.1f}\n", threads, took, signatures,
         (double)signatures / took);
  module->C_Finalize(NULL_PTR);
  return 0;
}
