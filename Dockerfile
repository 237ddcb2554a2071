# Two images:
#   docker build --target demo -t holle-tf . && docker run --rm -v holle-tf-runs:/holle_tf/runs holle-tf
#   docker build --target onnx -t holle-tf-onnx . && docker run --rm -p 8501:8501 -v "$PWD/EXPORT:/export:ro" holle-tf-onnx
# The first has TensorFlow 2.21 and runs `make demo`; any arguments replace it. The second serves an ONNX export, without
# TensorFlow.

FROM python:3.13-slim AS onnx
# numba and Matplotlib keep files there.
ENV HOME=/tmp
WORKDIR /holle_tf
COPY requirements.txt requirements-serve.txt ./
# What serving an export imports, at the tested versions.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir -c requirements.txt -r requirements-serve.txt \
    absl-py numpy omegaconf onnxruntime tqdm
COPY pipelines pipelines
COPY holle_tf holle_tf
USER 1000
EXPOSE 8501
ENTRYPOINT ["python", "-m", "holle_tf.main", "--mode=serve", "--export_dir=/export", "--set=serve.host=0.0.0.0", "--port=8501"]

FROM python:3.13-slim AS demo
# numba and Matplotlib keep files there.
ENV HOME=/tmp
WORKDIR /holle_tf
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY pipelines pipelines
COPY holle_tf holle_tf
COPY tuning tuning
RUN mkdir runs && chown 1000:1000 runs
USER 1000
CMD ["python", "-m", "holle_tf.main", "--mode=distill", "--teacher=qanet"]
