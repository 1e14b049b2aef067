/*
 * The file of cues ($FAULTS_CUES) and the file of calls ($FAULTS_CALLS).
 *
 * Cues are read anew at each call. Those that count (`after`, `count`) are counted in the file itself, so that they go on from
 * one process to the next: a fault that ends the process would otherwise come again in the one that takes its place.
 */
#define _GNU_SOURCE
#include "cues.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { longest_file = 8192, most_lines = 64, endless = -1 };

struct line {
  const char *function;
  long after;
  long count;
  /* The action and what belongs to it, as it is written. */
  const char *action;
};

static void complain(const char *what, const char *which) {
  fprintf(stderr, "faults: %s: %s\n", what, which);
  abort();
}

static long number_in(const char *word) {
  char *end;
  errno = 0;
  long number = word == NULL ? -1 : strtol(word, &end, 0);
  if (number < 0 || errno != 0 || *end != '\0') complain("not a number", word == NULL ? "(nothing)" : word);
  return number;
}

/* Takes `word ` off the front of a text. */
static char *next_word(char **rest) {
  while (**rest == ' ') (*rest)++;
  return **rest == '\0' ? NULL : strsep(rest, " ");
}

static struct line line_in(char *text) {
  struct line line = {.function = next_word(&text), .after = 0, .count = endless, .action = NULL};
  while (text != NULL && line.action == NULL) {
    while (*text == ' ') text++;
    if (strncmp(text, "after ", 6) == 0) {
      next_word(&text);
      line.after = number_in(next_word(&text));
    } else if (strncmp(text, "count ", 6) == 0) {
      next_word(&text);
      line.count = number_in(next_word(&text));
    } else {
      line.action = text;
    }
  }
  if (line.action == NULL || *line.action == '\0') complain("a cue without an action", line.function);
  return line;
}

static unsigned long bytes_in(const char *hex, unsigned char *bytes) {
  unsigned long length = 0;
  for (; hex != NULL && hex[0] != '\0' && length < longest_bytes; hex += 2) {
    unsigned int byte;
    if (sscanf(hex, "%2x", &byte) != 1 || hex[1] == '\0') complain("not hex", hex);
    bytes[length++] = (unsigned char)byte;
  }
  return length;
}

static struct cue cue_in(const char *action) {
  static const struct {
    const char *word;
    enum action action;
  } words[] = {
      {"segv", SEGV},           {"abort", ABORT},
      {"exit", EXIT},           {"hang", HANG},
      {"print", PRINT},         {"rv", RV},
      {"mutter", MUTTER},       {"fork", FORK},
      {"close", CLOSE},         {"close-all", CLOSE_ALL},
      {"empty", EMPTY},         {"limit", LIMIT},
      {"attribute", ATTRIBUTE}, {"wrong-signature", WRONG_SIGNATURE},
      {"high-s", HIGH_S},       {"other-key", OTHER_KEY},
      {"other-bytes", OTHER_BYTES}, {"short", SHORT},
      {"long", LONG},           {"zero-r", ZERO_R},
      {"zero-s", ZERO_S},       {"beyond", BEYOND},
      {"behave", BEHAVE},       {"flags", FLAGS},
  };
  char text[longest_file];
  snprintf(text, sizeof text, "%s", action);
  char *rest = text;
  const char *word = next_word(&rest);
  struct cue cue = {.action = BEHAVE};
  size_t i = 0;
  while (i < sizeof words / sizeof *words && strcmp(words[i].word, word) != 0) i++;
  if (i == sizeof words / sizeof *words) complain("no such action", action);
  cue.action = words[i].action;
  if (rest == NULL) rest = text + strlen(text);
  int numbered = cue.action == RV || cue.action == LIMIT || cue.action == FLAGS || cue.action == ATTRIBUTE;
  if (numbered) cue.number = (unsigned long)number_in(next_word(&rest));
  if (cue.action == OTHER_KEY || cue.action == ATTRIBUTE) cue.length = bytes_in(next_word(&rest), cue.bytes);
  if (cue.action == PRINT || cue.action == MUTTER) {
    cue.length = strlen(rest) < longest_bytes ? strlen(rest) : longest_bytes;
    memcpy(cue.bytes, rest, cue.length);
  }
  return cue;
}

/* Writes back what is left of the cues. */
static void keep(int file, const struct line *lines, size_t count) {
  char text[longest_file] = "";
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    if (lines[i].count == 0) continue;
    length += (size_t)snprintf(text + length, sizeof text - length, "%s", lines[i].function);
    if (lines[i].after > 0) length += (size_t)snprintf(text + length, sizeof text - length, " after %ld", lines[i].after);
    if (lines[i].count > 0) length += (size_t)snprintf(text + length, sizeof text - length, " count %ld", lines[i].count);
    length += (size_t)snprintf(text + length, sizeof text - length, " %s\n", lines[i].action);
  }
  if (pwrite(file, text, length, 0) != (ssize_t)length || ftruncate(file, (off_t)length) != 0) {
    complain("the cues could not be written", strerror(errno));
  }
}

/* The first line that is for this function and whose time has come. Each one before it that still waits waits one call less. */
static struct cue chosen(int file, const char *function) {
  char text[longest_file];
  ssize_t length = pread(file, text, sizeof text - 1, 0);
  if (length < 0) complain("the cues could not be read", strerror(errno));
  text[length] = '\0';
  struct line lines[most_lines];
  size_t count = 0;
  char *rest = text;
  for (char *one; (one = strsep(&rest, "\n")) != NULL;) {
    if (one[0] == '\0' || one[0] == '#') continue;
    if (count == most_lines) complain("too many cues", one);
    lines[count++] = line_in(one);
  }
  /* Loading a library asks no device. */
  int unasked = strcmp(function, "load") == 0 || strcmp(function, "C_GetFunctionList") == 0;
  struct cue cue = {.action = BEHAVE};
  int counted = 0;
  for (size_t i = 0; i < count; i++) {
    struct line *line = &lines[i];
    if (strcmp(line->function, "*") == 0 ? unasked : strcmp(line->function, function) != 0) continue;
    if (line->after > 0) {
      line->after--;
      counted = 1;
      continue;
    }
    cue = cue_in(line->action);
    if (line->count > 0) {
      line->count--;
      counted = 1;
    }
    break;
  }
  if (counted) keep(file, lines, count);
  return cue;
}

struct cue cue_for(const char *function) {
  struct cue cue = {.action = BEHAVE};
  const char *path = getenv("FAULTS_CUES");
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return cue;
  /* Two threads, or two processes, must not both take the last of a count. */
  if (flock(file, LOCK_EX) == 0) cue = chosen(file, function);
  close(file);
  return cue;
}

void tell_call(const char *function, const char *outcome) {
  const char *path = getenv("FAULTS_CALLS");
  int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  char text[160];
  int length = snprintf(text, sizeof text, "%ld %s %s\n", (long)getpid(), function, outcome);
  if (write(file, text, (size_t)length) != length) complain("the call could not be told", strerror(errno));
  close(file);
}
