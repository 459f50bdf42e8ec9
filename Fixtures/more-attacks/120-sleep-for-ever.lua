-- attack 120: sleep-for-ever
-- expect: stopped
require('mf').sleep(1e8) return 'ESCAPED'
