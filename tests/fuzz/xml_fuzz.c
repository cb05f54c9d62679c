/* Records in XML: what is read does not depend on the blocks in which it came, and is text. */
#include "tests/fuzz/record_outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 2 && size <= (1 << 20))
        record_outcome_of(PERSO_RECORD_XML, data, size);
    return 0;
}
