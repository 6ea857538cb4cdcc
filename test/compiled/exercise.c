// Copyright 2026 The baby_cry_detector authors
// SPDX-License-Identifier: Apache-2.0

// Runs the compiled core on cases that Python wrote (core_cases.py), without Python: for a cross
// compiler under an emulator, and for sanitizers. Prints the largest difference from what Python
// expects, relative to a column's largest value for rows; exit status 1 where it is too large.
// With ROUNDS it then feeds each of them random bits (not numbers, infinite, denormal, any size of
// block) and checks that what comes out are numbers.

#include "decision/decider.h"
#include "features/extractor.h"
#include "model/runtime.h"
#include "stream/listener.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t baby_cry_core_prepare(void);
Model *baby_cry_model_new(int32_t n_columns, int32_t n_labels, int32_t n_needs,
                          double temperature, double need_temperature, int32_t n_cries,
                          const int32_t *cry_row, int32_t n_read, const int32_t *read_column);
int32_t baby_cry_model_add(Model *model, const void *tables);
void baby_cry_model_free(Model *model);
Stream *baby_cry_stream_new(const Model *model);
void baby_cry_stream_process(Stream *stream, const float *frames, int64_t n, float *cry,
                             float *needs);
void baby_cry_stream_free(Stream *stream);
void baby_cry_stream_reset(Stream *stream);
static FILE *cases;
static int64_t rounds;
static uint64_t seed = 88172645463325252ULL;
static void *kept[4096];
static int n_kept;

static void take(void *into, size_t bytes) {
  if (bytes && fread(into, 1, bytes, cases) != bytes) {
    fprintf(stderr, "the case file ends too early\n");
    exit(2);
  }
}

static int64_t number(void) {
  int64_t value;
  take(&value, sizeof value);
  return value;
}

// An array: its size in bytes, then the bytes. Exactly as large as it is, so that a sanitizer
// sees a read beyond it.
static void *array(int64_t *bytes) {
  const int64_t size = number();
  void *made = malloc(size ? (size_t)size : 1);
  if (!made || n_kept == 4096)
    exit(2);
  take(made, (size_t)size);
  kept[n_kept++] = made;
  if (bytes)
    *bytes = size;
  return made;
}

// A struct of tables, whose pointers are at the given places and follow as arrays.
static void tables(void *into, size_t bytes) {
  take(into, bytes);
  for (int64_t n = number(); n > 0; n--) {
    const int64_t offset = number();
    void *pointed = array(NULL);
    memcpy((char *)into + offset, &pointed, sizeof pointed);
  }
}

static double worst(const double *got, const double *expected, int64_t rows, int64_t width) {
  double found = 0.0;
  for (int64_t i = 0; i < width; i++) {
    double largest = 1e-3, away = 0.0;
    for (int64_t n = 0; n < rows; n++) {
      largest = fmax(largest, fabs(expected[n * width + i]));
      const double difference = fabs(got[n * width + i] - expected[n * width + i]);
      away = difference >= 0 ? fmax(away, difference) : INFINITY;
    }
    found = fmax(found, away / largest);
  }
  return found;
}

static int say(const char *what, double difference, double limit) {
  const int is_good = difference <= limit;
  printf("%-12s %.2g of at most %g%s\n", what, difference, limit, is_good ? "" : "  TOO MUCH");
  return !is_good;
}

static uint64_t random_bits(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

// Mostly sound, sometimes any bits at all.
static double random_sample(void) {
  const uint64_t bits = random_bits(), kind = random_bits() % 8;
  double value;
  memcpy(&value, &bits, sizeof value);
  return kind == 0 ? value : kind == 1 ? 0.0 : (double)(int64_t)bits / 9.3e18;
}

static float random_value(void) {
  const uint32_t bits = (uint32_t)random_bits();
  float value;
  memcpy(&value, &bits, sizeof value);
  return random_bits() % 4 ? 3.0f * (float)random_sample() : value;
}

static int fuzz_extractor(Extractor *extractor, int64_t width) {
  int64_t wrong = 0;
  for (int64_t n = 0; n < rounds; n++) {
    const int64_t size = (int64_t)(random_bits() % (random_bits() % 4 ? 700 : 5000));
    double *samples = malloc(sizeof(double) * (size_t)(size + 1));
    const int64_t most = baby_cry_extractor_rows(extractor, size);
    double *rows = malloc(sizeof(double) * (size_t)((most + 5) * width + 1));
    const int is_end = random_bits() % 16 == 0;
    for (int64_t k = 0; k < size; k++)
      samples[k] = random_sample();
    int64_t count = baby_cry_extractor_process(extractor, samples, size, rows, &wrong);
    if (is_end)
      count += baby_cry_extractor_flush(extractor, rows + count * width);
    for (int64_t k = 0; k < count * width; k++)
      if (!isfinite(rows[k]))
        return say("fuzz rows", INFINITY, 0);
    if (is_end)
      baby_cry_extractor_reset(extractor);
    free(samples);
    free(rows);
  }
  return 0;
}

static int fuzz_stream(Stream *stream, int64_t columns, int64_t n_needs) {
  for (int64_t n = 0; n < rounds; n++) {
    const int64_t size = (int64_t)(random_bits() % 40);
    float *frames = malloc(sizeof(float) * (size_t)(size * columns + 1));
    float *cry = malloc(sizeof(float) * (size_t)(size + 1));
    float *needs = malloc(sizeof(float) * (size_t)(size * n_needs + 1));
    for (int64_t k = 0; k < size * columns; k++)
      frames[k] = random_value();
    if (random_bits() % 16 == 0)
      baby_cry_stream_reset(stream);
    baby_cry_stream_process(stream, frames, size, cry, needs);
    for (int64_t k = 0; k < size; k++)
      if (!(cry[k] >= 0 && cry[k] <= 1.000001f))
        return say("fuzz cry", INFINITY, 0);
    free(frames);
    free(cry);
    free(needs);
  }
  return 0;
}

// Streams of one model together, with random bits; deciders as they come.
static int fuzz_listeners(const Model *model, int64_t columns) {
  enum { COUNT = 35 };
  Stream *stream[COUNT];
  Decider *decider[COUNT];
  ListenerTask task[COUNT] = {{0}};
  int failed = 0;
  for (int k = 0; k < COUNT; k++) {
    stream[k] = baby_cry_stream_new(model);
    decider[k] = calloc(1, sizeof *decider[k]);
    decider[k]->enter = decider[k]->leave = 0.5;
    decider[k]->step_ns = 10000000;
    decider[k]->mean_length = decider[k]->share_length = decider[k]->steps_per_cell =
        decider[k]->steps_per_block = decider[k]->max_cells = decider[k]->max_blocks = 10;
    task[k].listener = baby_cry_listener_new(stream[k], decider[k], 0, columns - 1, 0, 10000000);
  }
  for (int64_t n = 0; n < rounds / 4; n++) {
    double *rows[COUNT];
    for (int k = 0; k < COUNT; k++) {
      const int64_t size = (int64_t)(random_bits() % (random_bits() % 8 ? 7 : 65));
      rows[k] = malloc(sizeof(double) * (size_t)(size * columns + 1));
      for (int64_t i = 0; i < size * columns; i++)
        rows[k][i] = random_value();
      task[k].rows = rows[k];
      task[k].n = size;
      task[k].heard_ns = random_bits() % 64 ? n * 40000000 : (int64_t)random_bits();
      task[k].period_ns = random_bits() % 2 ? -1 : 100000000;
    }
    baby_cry_listeners_process(task, COUNT);
    for (int k = 0; k < COUNT; k++) {
      for (int64_t more = task[k].result; more == 1;)
        more = baby_cry_listener_go_on(task[k].listener, 0, task[k].period_ns);
      failed |= !(decider[k]->probability >= 0 && decider[k]->probability <= 1);
      free(rows[k]);
    }
  }
  for (int k = 0; k < COUNT; k++) {
    baby_cry_listener_free(task[k].listener);
    baby_cry_stream_free(stream[k]);
    free(decider[k]);
  }
  return failed ? say("fuzz listeners", INFINITY, 0) : 0;
}

static int fuzz_decider(Decider *d) {
  int64_t time_ns = 0;
  for (int64_t n = 0; n < 50 * rounds; n++) {
    double needs[MAX_NEEDS], cry = random_bits() % 3 ? 0.9 : random_sample();
    const double level = random_sample(), voicing = random_sample();
    time_ns = random_bits() % 64 ? time_ns + d->step_ns
        : (int64_t)random_bits() / 4 * (random_bits() % 2 ? 1 : -1);
    for (int64_t k = 0; k < d->n_needs; k++)
      needs[k] = random_sample();
    baby_cry_decider_run(d, 1, &time_ns, &cry, needs, &level, &voicing, 0, 0);
    if (!(d->probability >= 0 && d->probability <= 1))
      return say("fuzz decider", INFINITY, 0);
  }
  return 0;
}

static int extractor_case(void) {
  char name[16] = {0};
  Extractor *extractor = NULL;
  take(name, sizeof name - 1);
  if (!strcmp(name, "cry")) {
    CryTables made;
    tables(&made, sizeof made);
    extractor = baby_cry_extractor_cry(&made);
  } else if (!strcmp(name, "is09")) {
    Is09Tables made;
    tables(&made, sizeof made);
    extractor = baby_cry_extractor_is09(&made);
  } else {
    CepstraTables made;
    tables(&made, sizeof made);
    extractor = baby_cry_extractor_cepstra20(&made);
  }
  if (extractor && number()) {
    FrontEndTables made;
    tables(&made, sizeof made);
    if (!baby_cry_extractor_front_end(extractor, &made))
      return say("front end", INFINITY, 0);
  }
  if (!extractor)
    return say(name, INFINITY, 0);
  // Another one of its kind, which shares its tables.
  Extractor *first = extractor;
  extractor = baby_cry_extractor_like(first);
  int64_t sample_bytes, expected_bytes, wrong = 0, count = 0, block = 1;
  const double *samples = array(&sample_bytes), *expected = array(&expected_bytes);
  const int64_t width = number(), n = sample_bytes / 8, rows = expected_bytes / 8 / width;
  double *got = malloc(sizeof(double) * (size_t)((rows + 8) * width));
  for (int64_t at = 0; at < n; at += block, block = block * 7 % 1999) {
    const int64_t size = block < n - at ? block : n - at;
    count += baby_cry_extractor_process(extractor, samples + at, size, got + count * width, &wrong);
  }
  count += baby_cry_extractor_flush(extractor, got + count * width);
  const double difference = count == rows ? worst(got, expected, rows, width) : INFINITY;
  baby_cry_extractor_reset(extractor);
  const int failed = fuzz_extractor(extractor, width);
  baby_cry_extractor_free(extractor);
  baby_cry_extractor_free(first);
  free(got);
  return failed + say(name, difference, 1e-6);
}

static int model_case(void) {
  int64_t size[7];
  double temperature[2];
  for (int k = 0; k < 4; k++)
    size[k] = number();                         // columns, labels, needs, members
  take(temperature, sizeof temperature);
  int64_t cries, read;
  const int32_t *cry_row = array(&cries), *read_column = array(&read);
  Model *model = baby_cry_model_new((int32_t)size[0], (int32_t)size[1], (int32_t)size[2],
                                    temperature[0], temperature[1], (int32_t)(cries / 4), cry_row,
                                    (int32_t)(read / 4), read_column);
  const size_t bytes = (size_t)number();
  void *member = malloc(bytes);
  int is_good = model != NULL;
  for (int64_t m = 0; m < size[3]; m++) {
    tables(member, bytes);
    is_good = is_good && baby_cry_model_add(model, member);
  }
  free(member);
  int64_t frame_bytes;
  const float *frames = array(&frame_bytes), *cry = array(NULL), *needs = array(NULL);
  const int64_t n = frame_bytes / 4 / size[0];
  Stream *stream = is_good ? baby_cry_stream_new(model) : NULL;
  if (!stream)
    return say("model", INFINITY, 0);
  float *got = malloc(sizeof(float) * (size_t)n);
  float *got_needs = malloc(sizeof(float) * (size_t)(n * size[2] + 1));
  double difference = 0.0;
  for (int64_t at = 0, block = 1; at < n; at += block, block = block % 13 + 1) {
    block = block < n - at ? block : n - at;
    baby_cry_stream_process(stream, frames + at * size[0], block, got + at,
                            got_needs + at * size[2]);
  }
  for (int64_t k = 0; k < n; k++)
    difference = fmax(difference, fabs((double)got[k] - cry[k]));
  for (int64_t k = 0; k < n * size[2]; k++)
    difference = fmax(difference, fabs((double)got_needs[k] - needs[k]));
  const int failed = fuzz_stream(stream, size[0], size[2]) + fuzz_listeners(model, size[0]);
  baby_cry_stream_free(stream);
  baby_cry_model_free(model);
  free(got);
  free(got_needs);
  return failed + say("model", difference, 1e-5);
}

static int decider_case(void) {
  Decider decider;
  int64_t bytes, different = 0;
  if (number() != (int64_t)sizeof decider)
    return say("decider", INFINITY, 0);
  take(&decider, sizeof decider);
  const int64_t *times = array(&bytes);
  const double *cry = array(NULL), *needs = array(NULL), *level = array(NULL),
               *voicing = array(NULL);
  const int64_t *expected = array(NULL);        // episode and whether crying, a step each
  for (int64_t k = 0; k < bytes / 8; k++) {
    baby_cry_decider_run(&decider, 1, times + k, cry + k, needs + k * decider.n_needs, level + k,
                         voicing + k, 0, 0);
    different += expected[2 * k] != (decider.has_last ? decider.last.number : 0)
        || expected[2 * k + 1] != decider.crying;
  }
  return fuzz_decider(&decider) + say("decider", (double)different, 0);
}

static int convolution_case(void) {
  Convolution shape;
  int64_t bytes;
  take(&shape, sizeof shape);
  const float *x = array(NULL), *kernel = array(NULL), *bias = array(NULL);
  const float *expected = array(&bytes);
  float *got = malloc((size_t)bytes);
  double difference = got ? 0.0 : INFINITY;
  if (got)
    baby_cry_convolve(&shape, x, kernel, bias, got);
  for (int64_t k = 0; got && k < bytes / 4; k++)
    difference = fmax(difference, fabs((double)got[k] - expected[k]));
  free(got);
  return say("convolution", difference, 0);
}

int main(int argc, char **argv) {
  int failures = 0;
  cases = argc == 2 || argc == 3 ? fopen(argv[1], "rb") : NULL;
  rounds = argc == 3 ? atoll(argv[2]) : 0;
  if (!cases) {
    fprintf(stderr, "usage: %s CASES [ROUNDS]\n", argv[0]);
    return 2;
  }
  baby_cry_core_prepare();
  for (int64_t kind = number(); kind; kind = number())
    failures += kind == 1 ? extractor_case() : kind == 2 ? model_case()
        : kind == 3 ? decider_case() : convolution_case();
  fclose(cases);
  while (n_kept)
    free(kept[--n_kept]);
  return failures != 0;
}
