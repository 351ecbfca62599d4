"""The command `ai-cost bench`: how long a build takes, beside a floor and another engine measured in the same run."""
