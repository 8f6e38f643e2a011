"""Pure words and rules: money, ids, states, problems, clocks. Imports nothing of ours."""
