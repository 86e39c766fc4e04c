/* Text work full of branches: a text is split into words, each is folded to lower case, looked up in a hash table and
 * counted; the distinct words are sorted, and one of them is searched in the text. */

#include <stddef.h>

#include "bench.h"

const char bench_name[] = "strings";
const uint32_t bench_rounds = 3900;

enum { TEXT = 4096, SLOTS = 512, WORDS = 320, LONGEST = 24 };

struct entry {
    char word[LONGEST + 1];
    uint8_t length;
    uint16_t count;
};

static char text[TEXT + 1];
static struct entry entries[WORDS];
static uint32_t used;
static uint16_t slots[SLOTS]; /* 1 + the entry's number, or 0 */
static const struct entry *order[WORDS];

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

static int compare(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

/* Words of one to three syllables, some with a capital, with blanks and marks between. */
static void write_text(uint32_t *seed) {
    static const char syllables[16][5] = {"ga",  "te", "mul", "ti",  "pli", "er", "fa", "ult",
                                          "stu", "ck", "at",  "net", "li",  "st", "o",  "re"};
    static const char marks[] = " , . ;  \n ";
    int at = 0;
    while (at < TEXT) {
        uint32_t random = bench_random(seed);
        int capital = (random & 7) == 0;
        for (uint32_t left = 1 + (random >> 3 & 1) + (random >> 4 & 1); left > 0; left--) {
            random = random >> 5 | random << 27;
            for (const char *from = syllables[random & 15]; *from && at < TEXT; from++) {
                text[at++] = (char)(capital ? *from - ('a' - 'A') : *from);
                capital = 0;
            }
        }
        if (at < TEXT) text[at++] = marks[random >> 6 & 7];
        if (at < TEXT) text[at++] = ' ';
    }
    text[TEXT] = 0;
}

/* The next word from `*from` on, in lower case, of LONGEST letters at the most; answers its length, 0 at the end. */
static uint32_t next_word(const char **from, char *word, uint32_t *hash) {
    const char *at = *from;
    uint32_t length = 0, sum = 5381;
    while (*at && !is_letter(*at)) at++;
    for (; is_letter(*at); at++) {
        if (length == LONGEST) continue;
        char c = lower(*at);
        sum = (sum << 5) + sum + (uint8_t)c;
        word[length++] = c;
    }
    word[length] = 0;
    *hash = sum;
    *from = at;
    return length;
}

static void copy(char *to, const char *from) {
    while ((*to++ = *from++)) {
    }
}

/* Counts a word; where there is no room for another one, it is left out. */
static void count_word(const char *word, uint32_t length, uint32_t hash) {
    uint32_t slot = hash & (SLOTS - 1);
    for (; slots[slot]; slot = (slot + 1) & (SLOTS - 1)) {
        struct entry *entry = &entries[slots[slot] - 1];
        if (entry->length == length && compare(entry->word, word) == 0) {
            entry->count++;
            return;
        }
    }
    if (used == WORDS) return;
    copy(entries[used].word, word);
    entries[used].length = (uint8_t)length;
    entries[used].count = 1;
    slots[slot] = (uint16_t)++used;
}

/* Shell's sort with Ciura's gaps, by the words themselves. */
static void sort(void) {
    static const uint16_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (uint32_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        uint32_t gap = gaps[g];
        for (uint32_t i = gap; i < used; i++) {
            const struct entry *moving = order[i];
            uint32_t hole = i;
            for (; hole >= gap && compare(order[hole - gap]->word, moving->word) > 0; hole -= gap) {
                order[hole] = order[hole - gap];
            }
            order[hole] = moving;
        }
    }
}

/* How often `word` begins anywhere in the text. */
static uint32_t occurrences(const char *word) {
    uint32_t found = 0;
    for (const char *at = text; *at; at++) {
        const char *a = at, *b = word;
        while (*b && *a == *b) {
            a++;
            b++;
        }
        if (!*b) found++;
    }
    return found;
}

static uint32_t one_round(uint32_t sum) {
    const char *at = text;
    char word[LONGEST + 1];
    uint32_t hash, length;
    for (int i = 0; i < SLOTS; i++) slots[i] = 0;
    used = 0;
    while ((length = next_word(&at, word, &hash)) > 0) count_word(word, length, hash);
    for (uint32_t i = 0; i < used; i++) order[i] = &entries[i];
    sort();
    for (uint32_t i = 0; i < used; i++) {
        sum = bench_mix(sum, order[i]->count);
        sum = bench_mix(sum, (uint8_t)order[i]->word[0]);
    }
    return bench_mix(sum, occurrences(order[used >> 1]->word));
}

uint32_t bench_run(uint32_t rounds) {
    uint32_t seed = 521288629u, sum = 0;
    write_text(&seed);
    for (; rounds > 0; rounds--) {
        sum = one_round(sum);
        /* Some letters change, so that the next text is another one. */
        for (int i = 0; i < 4; i++) {
            uint32_t random = bench_random(&seed);
            char *letter = &text[random >> 20 & (TEXT - 1)];
            if (is_letter(*letter)) *letter = (char)('a' + (random & 15));
        }
    }
    return sum;
}
