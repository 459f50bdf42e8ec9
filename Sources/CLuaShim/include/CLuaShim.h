#ifndef CLUASHIM_H
#define CLUASHIM_H
#endif
