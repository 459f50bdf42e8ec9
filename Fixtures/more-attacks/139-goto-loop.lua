-- attack 139: goto-loop
-- expect: stopped
::a:: goto a
