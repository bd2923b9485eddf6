#!/bin/bash
# Uploads a folder with eight tasks of a Slurm job array, an eighth each:
#
#   export CLARIFAI_PAT=… CLARIFAI_USER_ID=me CLARIFAI_APP_ID=photos
#   sbatch slurm-array.sh /data/photos
#
# Do the rest of one shard again, such as the fifth, and add the reports:
#
#   sbatch --array=5 slurm-array.sh /data/photos
#   npx sluice status photos-*.journal
#
#SBATCH --job-name=upload-photos
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@30
set -euo pipefail

folder=${1:?name the folder}
shards=8 # the number of tasks of the whole array, also if one task is submitted again

# `exec`, so that Slurm's SIGTERM reaches Sluice, which then has 5 s to end its open work.
exec npx --yes sluice upload "$folder" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" \
  --journal "photos-$SLURM_ARRAY_TASK_ID.journal" \
  --dead-letters "photos-$SLURM_ARRAY_TASK_ID.failed.jsonl"
