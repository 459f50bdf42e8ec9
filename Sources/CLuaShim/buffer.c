/* The buffers that values travel in: two for each nesting level, reused from call to call.
 *
 * They outlive a state that is abandoned, so a block and the record of it change together: the signal that abandons a
 * state comes before both or after both. */

#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>

static void begin_change(mf_state *s) {
    s->outside++;
    atomic_signal_fence(memory_order_seq_cst);
}

static void end_change(mf_state *s) {
    atomic_signal_fence(memory_order_seq_cst);
    s->outside--;
}

bool mf_buffer_grow(mf_state *s, mf_buffer *b, size_t more) {
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity - b->count < more) {
        if (capacity > SIZE_MAX / 2) return false;
        capacity *= 2;
    }
    begin_change(s);
    uint8_t *bytes = mf_realloc(s, b->bytes, b->capacity, capacity);
    if (bytes) {
        b->bytes = bytes;
        b->capacity = capacity;
    }
    end_change(s);
    return bytes;
}

void mf_buffer_free(mf_state *s, mf_buffer *b) {
    begin_change(s);
    mf_realloc(s, b->bytes, b->capacity, 0);
    *b = (mf_buffer){0};
    end_change(s);
}

static mf_buffer *emptied(mf_state *s, mf_buffer *b) {
    b->count = 0;
    b->values = 0;
    b->functions = 0;
    if (b->capacity > MF_KEEP_BUFFER) mf_buffer_free(s, b);
    return b;
}

bool mf_has_room(size_t count) {
    enum { FEW = 1 << 20 };
    if (count < FEW) return true;
    void *room = malloc(count);
    free(room);
    return room;
}

bool mf_level_ready(mf_state *s, int32_t level) {
    if (s->levels[level]) return true;
    begin_change(s);
    mf_level *fresh = mf_realloc(s, NULL, 0, sizeof *fresh);
    if (fresh) {
        *fresh = (mf_level){0};
        s->levels[level] = fresh;
    }
    end_change(s);
    return fresh;
}

mf_buffer *mf_input(mf_state *s) {
    if (s->nest >= MF_MAX_LEVELS || !mf_level_ready(s, s->nest)) return NULL;
    return emptied(s, &s->levels[s->nest]->input);
}

int32_t mf_current_level(const mf_state *s) { return s->nest; }

mf_buffer *mf_fresh_output(mf_state *s, int32_t level) { return emptied(s, &s->levels[level]->output); }
