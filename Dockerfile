# The robot's side in a container. Untried: written on a machine without a container engine.
#   docker build -t baby_cry_detector .
#   docker compose up
FROM ros:jazzy
SHELL ["/bin/bash", "-c"]
WORKDIR /ws
COPY package.xml src/baby_cry_detector/package.xml
RUN apt-get update && rosdep update --rosdistro jazzy \
  && rosdep install --from-paths src --ignore-src -y --rosdistro jazzy \
     --dependency-types build --dependency-types buildtool --dependency-types exec \
  && apt-get install -y --no-install-recommends libasound2-plugins pulseaudio-utils \
  && rm -rf /var/lib/apt/lists/*
COPY . src/baby_cry_detector
RUN . /opt/ros/jazzy/setup.bash && colcon build --cmake-args -DBUILD_TESTING=OFF \
  && rm -rf build log
RUN useradd --create-home robot && usermod -aG audio robot
USER robot
ENV ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
ENTRYPOINT ["/bin/bash", "-c", ". /ws/install/setup.bash && exec \"$@\"", "--"]
CMD ["ros2", "launch", "baby_cry_detector", "baby_cry_detector.launch.py"]
