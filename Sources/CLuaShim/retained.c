/* The Swift objects that Lua holds.
 *
 * They are released by __gc, but a finalizer can fail to run when there is no memory for its call, and the userdata goes
 * away without it. So what is held is noted outside of Lua's memory, and given back at the latest when the state ends. */

#include "internal.h"

/* About what an object of Swift takes, which a tenant's memory limit counts for as long as Lua holds it. */
enum { OBJECT_SIZE = 512 };

mf_retained *mf_retain(mf_state *s, void *object) {
    mf_retained *held = mf_realloc(s, NULL, 0, sizeof *held);
    if (!held) return NULL;
    mf_enter_swift(s); /* the list, too, is never left half done */
    *held = (mf_retained){object, s->held, NULL};
    if (s->held) s->held->previous = held;
    s->held = held;
    if (s->tracked) mf_charge(s, OBJECT_SIZE);
    s->functions.retain(object);
    mf_leave_swift(s);
    return held;
}

void mf_release_object(mf_state *s, mf_retained *held) {
    void *object = held->object;
    mf_enter_swift(s);
    if (s->tracked) mf_charge(s, -OBJECT_SIZE);
    if (held->previous)
        held->previous->next = held->next;
    else
        s->held = held->next;
    if (held->next) held->next->previous = held->previous;
    mf_realloc(s, held, sizeof *held, 0);
    s->functions.release(object);
    mf_leave_swift(s);
}

void mf_release_all_objects(mf_state *s) {
    while (s->held) mf_release_object(s, s->held);
}
