/* A singly linked list: searched, reversed, sorted by merging, with a comparison that is handed over. */

#include <stddef.h>

#include "bench.h"
#include "mix.h"

enum { NODES = 160, SEARCHES = 24 };

struct data {
    int16_t key;
    uint16_t weight;
};

struct node {
    struct node *next;
    struct data *data;
};

typedef int32_t compare_function(const struct data *a, const struct data *b);

static struct node nodes[NODES];
static struct data data[NODES];
static struct node *head;

static int32_t by_key(const struct data *a, const struct data *b) { return a->key - b->key; }

/* The low byte decides, the high byte where that is the same. */
static int32_t by_weight(const struct data *a, const struct data *b) {
    int32_t low = (a->weight & 0xff) - (b->weight & 0xff);
    return low ? low : a->weight - b->weight;
}

static struct node *reversed(struct node *list) {
    struct node *done = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static const struct node *find(const struct node *list, int16_t key) {
    while (list && list->data->key != key) list = list->next;
    return list;
}

/* Two sorted lists in one; of equals, those of `a` come first. */
static struct node *merged(struct node *a, struct node *b, compare_function *compare) {
    struct node *first = NULL, **end = &first;
    while (a && b) {
        struct node **least = compare(a->data, b->data) <= 0 ? &a : &b;
        *end = *least;
        end = &(*end)->next;
        *least = (*least)->next;
    }
    *end = a ? a : b;
    return first;
}

/* Sorts by merging runs of 1, 2, 4 nodes and so on: runs[i] is empty or has 2^i nodes. */
static struct node *sorted(struct node *list, compare_function *compare) {
    struct node *runs[10] = {NULL};
    while (list) {
        struct node *run = list;
        list = list->next;
        run->next = NULL;
        int i = 0;
        for (; runs[i]; i++) {
            run = merged(runs[i], run, compare);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    struct node *all = NULL;
    for (int i = 0; i < 10; i++) all = merged(runs[i], all, compare);
    return all;
}

static uint32_t checksum(const struct node *list, uint32_t sum) {
    for (; list; list = list->next) sum = bench_mix(sum, (uint16_t)list->data->key);
    return sum;
}

void list_begin(uint32_t *seed) {
    head = NULL;
    for (int i = 0; i < NODES; i++) {
        uint32_t random = bench_random(seed);
        data[i].key = (int16_t)(random & 255);
        data[i].weight = (uint16_t)(random >> 16);
        nodes[i].data = &data[i];
        nodes[i].next = head;
        head = &nodes[i];
    }
}

uint32_t list_round(uint32_t key) {
    uint32_t sum = key;
    for (int i = 0; i < SEARCHES; i++, key += 11) {
        const struct node *found = find(head, (int16_t)(key & 255));
        if (found) {
            sum = bench_mix(sum, found->data->weight);
            found->data->key ^= 1;
        } else {
            head = reversed(head);
        }
    }
    head = sorted(head, by_weight);
    sum = checksum(head, sum);
    head = sorted(head, by_key);
    return checksum(head, sum);
}
