"""How long those tests try that try at random: `pytest --longer 10` lets them try ten times as long."""

times = 1
