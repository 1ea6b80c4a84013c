# Times one p chart with its rules in qcc: Rscript chart_rivals.R DATA.csv RUNS. Prints JSON.
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
suppressMessages(library(qcc))
seconds <- c()
for (run in seq_len(as.integer(arguments[2]))) {
  began <- proc.time()[["elapsed"]]
  chart <- qcc(data$defectives, type = "p", sizes = data$sizes, plot = FALSE)
  # A list before qcc 3, from then on the number of the rule for each point.
  beyond <- if (is.list(chart$violations)) chart$violations$beyond.limits else which(chart$violations == 1)
  seconds <- c(seconds, proc.time()[["elapsed"]] - began)
}
cat(sprintf('{"version": "%s", "seconds": [%s], "centre": %.15g, "beyond": [%s]}\n',
            as.character(packageVersion("qcc")), paste(seconds, collapse = ", "), chart$center,
            paste(sort(beyond), collapse = ", ")))
