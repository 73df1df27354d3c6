"""google-cloud-storage."""

import base64
import concurrent.futures
import datetime
import hashlib
import os
import urllib.error
import urllib.request

import pytest
from google.api_core import exceptions


def test_objects_are_written_and_read(bucket):
    blob = bucket.blob("deep/ünï code.txt")
    blob.metadata = {"from": "test"}
    blob.upload_from_string("hello", content_type="text/plain")
    assert blob.download_as_bytes() == b"hello"
    assert blob.download_as_bytes(start=1, end=3) == b"ell"
    blob.reload()
    assert (blob.size, blob.content_type, blob.metadata) == (5, "text/plain", {"from": "test"})
    assert blob.md5_hash == base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    assert blob.crc32c and blob.generation
    blob.metadata, blob.cache_control = {"from": "patch"}, "no-store"
    blob.patch()
    again = bucket.get_blob(blob.name)
    assert (again.metadata, again.cache_control, again.generation) == ({"from": "patch"}, "no-store", blob.generation)
    assert bucket.get_blob("missing") is None
    with pytest.raises(exceptions.NotFound):
        bucket.blob("missing").download_as_bytes()
    blob.delete()
    assert not blob.exists()


def test_large_objects_are_uploaded_in_pieces(bucket, tmp_path):
    data = os.urandom(3 * 1024 * 1024 + 17)
    file = tmp_path / "large.bin"
    file.write_bytes(data)
    blob = bucket.blob("large.bin", chunk_size=1024 * 1024)
    blob.upload_from_filename(file, checksum="crc32c")
    target = tmp_path / "back.bin"
    blob.download_to_filename(target, checksum="md5")
    assert target.read_bytes() == data
    with blob.open("rb") as reader:
        reader.seek(1024 * 1024)
        assert reader.read(17) == data[1024 * 1024 : 1024 * 1024 + 17]
    with bucket.blob("written.txt").open("w") as writer:
        writer.write("a,b\n" * 100000)
    assert bucket.get_blob("written.txt").size == 400000


def test_generations_protect_objects(bucket):
    blob = bucket.blob("once")
    blob.upload_from_string("first", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("once").upload_from_string("second", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=blob.generation + 1)
    blob.upload_from_string("second", if_generation_match=blob.generation)
    assert blob.download_as_text() == "second"


def test_of_many_writers_one_wins(bucket):
    def write(number):
        try:
            bucket.blob("race").upload_from_string(str(number), if_generation_match=0, retry=None)
            return number
        except exceptions.PreconditionFailed:
            return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        winners = [number for number in pool.map(write, range(32)) if number is not None]
    assert len(winners) == 1 and bucket.blob("race").download_as_text() == str(winners[0])


def test_objects_are_listed_in_pages_and_folders(storage, bucket):
    for name in ["a.csv", "in/1.csv", "in/2.csv", "in/deep/3.csv", "out/x"]:
        bucket.blob(name).upload_from_string(name)
    listed = storage.list_blobs(bucket, delimiter="/")
    assert [blob.name for blob in listed] == ["a.csv"] and listed.prefixes == {"in/", "out/"}
    assert [blob.name for blob in storage.list_blobs(bucket, prefix="in/")] == ["in/1.csv", "in/2.csv", "in/deep/3.csv"]
    pages = storage.list_blobs(bucket, page_size=2).pages
    assert [[blob.name for blob in page] for page in pages] == [["a.csv", "in/1.csv"], ["in/2.csv", "in/deep/3.csv"], ["out/x"]]
    between = storage.list_blobs(bucket, start_offset="in/2", end_offset="out")
    assert [blob.name for blob in between] == ["in/2.csv", "in/deep/3.csv"]
    assert bucket.name in [other.name for other in storage.list_buckets()]
    assert not any("segue" in other.name for other in storage.list_buckets())


def test_objects_are_copied_joined_and_renamed(bucket):
    one, two = bucket.blob("one"), bucket.blob("two")
    one.upload_from_string("first,", content_type="text/csv")
    two.upload_from_string("second")
    copy = bucket.copy_blob(one, bucket, "copy")
    assert copy.download_as_text() == "first," and copy.content_type == "text/csv"
    target = bucket.blob("rewritten")
    assert target.rewrite(one)[0] is None
    joined = bucket.blob("joined")
    joined.content_type = "text/plain"
    joined.compose([one, two])
    assert joined.download_as_text() == "first,second" and joined.content_type == "text/plain"
    assert bucket.rename_blob(two, "renamed").download_as_text() == "second" and not two.exists()


def test_several_requests_go_in_one(storage, bucket):
    for number in range(5):
        bucket.blob(f"batch/{number}").upload_from_string("x")
    with storage.batch():
        for number in range(5):
            bucket.blob(f"batch/{number}").delete()
    assert list(storage.list_blobs(bucket, prefix="batch/")) == []


def test_signed_addresses_work_until_they_expire(bucket, segue, tmp_path):
    from google.cloud import storage as gcs

    key = tmp_path / "key.json"
    segue("credentials", "signer", "--output", str(key))
    signer = gcs.Client.from_service_account_json(str(key), client_options={"api_endpoint": os.environ["STORAGE_EMULATOR_HOST"]})
    blob = signer.bucket(bucket.name).blob("signed.txt")
    blob.upload_from_string("signed")
    here = os.environ["STORAGE_EMULATOR_HOST"]

    def address(**options):
        return blob.generate_signed_url(version="v4", api_access_endpoint=here, **options)

    good = address(expiration=datetime.timedelta(minutes=5))
    assert urllib.request.urlopen(good).read() == b"signed"
    put = address(expiration=datetime.timedelta(minutes=5), method="PUT")
    urllib.request.urlopen(urllib.request.Request(put, data=b"changed", method="PUT"))
    assert bucket.blob("signed.txt").download_as_text() == "changed"
    for wrong in [good.replace("signed.txt", "other.txt"), good[:-2] + ("00" if not good.endswith("00") else "11")]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(wrong)
        assert refused.value.code == 401


def test_files_are_read_with_gcsfs(bucket):
    import gcsfs

    bucket.blob("data/a.csv").upload_from_string("a,b\n1,2\n")
    fs = gcsfs.GCSFileSystem(project=os.environ["GOOGLE_CLOUD_PROJECT"])
    assert fs.ls(f"{bucket.name}/data") == [f"{bucket.name}/data/a.csv"]
    assert fs.cat(f"{bucket.name}/data/a.csv") == b"a,b\n1,2\n"
    assert fs.info(f"{bucket.name}/data/a.csv")["size"] == 8
    fs.rm(f"{bucket.name}/data/a.csv")
    assert bucket.get_blob("data/a.csv") is None


def test_files_are_written_with_gcsfs(bucket):
    import gcsfs

    fs = gcsfs.GCSFileSystem(project=os.environ["GOOGLE_CLOUD_PROJECT"])
    with fs.open(f"{bucket.name}/data/b.csv", "wb") as file:
        file.write(b"x" * 1000)
    assert fs.info(f"{bucket.name}/data/b.csv")["size"] == 1000
