// Federation
