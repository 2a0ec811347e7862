"""Replay: history decided again, day by day, and compared with how it was cleared."""

from alloc.app.replay.backtest import BackTest, backtest
from alloc.app.replay.driver import Follow, Replay, replay
from alloc.app.replay.judging import Stratum, Verdict

__all__ = ["BackTest", "Follow", "Replay", "Stratum", "Verdict", "backtest", "replay"]
